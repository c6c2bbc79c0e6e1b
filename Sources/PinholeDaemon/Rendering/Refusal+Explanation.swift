// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

extension Refusal {
    /// One sentence for people: what happened, and what the administrator can do about it.
    package var explanation: String {
        switch reason {
        case .malformed where namesPortZero:
            "\(announcement) names port 0, at which nothing can listen: update the \(sender), or look for a firewall in "
                + "front of it that writes such lines"
        case .malformed:
            "\(announcement) does not follow its RFC: update the \(sender), or block it if it is an attacker"
        case .addressMismatch:
            "\(announcement) names an address that is not the client's (FTP bounce): let it use passive mode, or "
                + "allow this with 'loose = yes' for the server"
        case .privilegedPort:
            "\(announcement) names a port below 1024: let the \(sender) choose another, or allow this with "
                + "'allow-privileged-ports = yes' for the server"
        case .unsolicited:
            "the server announces a data connection that the client did not ask for: update the server, or block it "
                + "if it is an attacker"
        case .notLoggedIn:
            "\(announcement) came before the login was accepted: update the client, or block it if it is an "
                + "attacker"
        case .notFTP:
            "the connection does not begin with FTP, so it passes and opens nothing: keep other services off this "
                + "port, or leave it out of 'pinhole rules load --ports'"
        case .pipelined:
            "\(announcement) came before the reply to the last command: if the client must do that, set "
                + "'strict = no' for the server"
        case .tableFull:
            "the limit of connections is reached, for all clients or for this one, so the connection passes without "
                + "help: raise 'max-connections' or 'max-client-connections', or see which clients have them with 'pinhole connections'"
        case .noPort:
            "NAT has no free port for \(announcement), or the client already holds a quarter of the address's ports: "
                + "give NAT another address, or see with 'pinhole expectations' who has the ports"
        case .notAllowed:
            "\(announcement) opens nothing, because '\(kind?.isActive ?? true ? "active" : "passive") = no' is set: let "
                + "the client use \(kind?.isActive ?? true ? "passive" : "active") mode, or allow this for the server"
        case .noMapping:
            "conntrack does not have the connection, so nothing can be opened for it: look for NOTRACK rules for "
                + "its port, and at 'conntrack -S'"
        case .forged:
            "the packet arrived on an interface through which its sender cannot have sent it, so it was not read: somebody "
                + "there forges packets, or the routes to the client and the server are wrong (see 'ip route get')"
        case .tooMany:
            "\(announcement) exceeds the limit of announcements per second, and passes unread: update the \(sender), or "
                + "block it if it is an attacker"
        case .seqAdjusted:
            "\(announcement) would have to be rewritten, but another part of the kernel already shifts the connection's "
                + "sequence numbers: leave its port out of your SYNPROXY rules"
        case .ftpsLimit:
            "the encrypted session has as many data connections as it may have at once: raise 'ftps-max' for the "
                + "server, or let the client open fewer"
        }
    }

    /// Tells whether the line is right except for its port: `PORT 10,1,0,2,0,0`, `229 ok (|||0|)`.
    private var namesPortZero: Bool {
        var end = line[...]
        if end.last == UInt8(ascii: ")") { end.removeLast() }
        return [",0,0", "|0|"].contains { end.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// Who sent the line.
    private var sender: String { kind?.isActive ?? true ? "client" : "server" }

    /// What was refused.
    private var announcement: String {
        guard let kind else { return "the line" }
        return kind.isActive ? "the client's \(kind.rawValue)" : "the server's answer to \(kind.rawValue)"
    }
}
