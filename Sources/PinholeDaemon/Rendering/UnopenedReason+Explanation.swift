// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

extension UnopenedReason {
    /// One sentence for people: what happened, and what the administrator can do about it.
    ///
    /// - Parameters:
    ///   - session: the session for which nothing opened.
    ///   - tried: what its client tried instead.
    /// - Returns: the sentence.
    func explanation(of session: ConnectionSummary, tried: Endpoint?) -> String {
        let mapping = session.mapping
        let section = "the section [server \(mapping.reply.source.address)]"
        switch self {
        case .unannounced:
            return
                "a transfer was requested, but no announcement of a data connection for it was seen: check that the packets "
                + "of both directions pass this gateway"
        case .longLine:
            return "a line of more than 4096 bytes passed unread: what it may have announced opens nothing"
        case .unendedReply:
            return
                "a multi-line reply has not ended with its own code, so a line that looks like another reply may be text in it "
                + "that the client has chosen: nothing opens until the reply ends"
        case .ftpsUnconfigured:
            return
                "the session is encrypted, so its announcements cannot be read, and nothing is configured for its server: write "
                + "'ftps-ports = FIRST-LAST', the server's passive ports, into \(section) of the configuration, and load the "
                + "rules again"
        case .ftpsImplicit:
            let port = mapping.original.destination.port
            return
                "TLS began with the first byte, and port \(port) is not configured for that: write 'implicit-tls = \(port)' "
                + "into the configuration, before its first section"
        case .ftpsPort:
            let (port, ports) = (
                tried.map { "\($0.port)" } ?? "another", session.access?.portsText ?? "another"
            )
            return
                "the client tried port \(port) of the server, and 'ftps-ports' is \(ports): write the whole range of the "
                + "server's passive ports into \(section), or let the server use these ports"
        case .ftpsAddress:
            let (address, known) = (
                tried.map { "\($0.address)" } ?? "another", mapping.original.destination.address
            )
            return
                "the client tried \(address), but knows the server as \(known): the server announces the wrong address, which "
                + "cannot be rewritten inside TLS: let it announce \(known) (pasv_address of vsftpd, MasqueradeAddress of "
                + "ProFTPD), or let the client use EPSV"
        }
    }
}
