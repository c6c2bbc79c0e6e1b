// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import PinholeDaemon
import Testing

@Suite struct RefusalExplanationTests {
    private static let sentences: [(Refusal.Reason, FTPHelper.Expectation.Kind?, String)] = [
        (
            .malformed, .port,
            "the client's PORT does not follow its RFC: update the client, or block it if it is an attacker"
        ),
        (
            .malformed, .pasv,
            "the server's answer to PASV does not follow its RFC: update the server, or block it if it is an attacker"
        ),
        (
            .addressMismatch, .eprt,
            "the client's EPRT names an address that is not the client's (FTP bounce): let it use passive mode, or "
                + "allow this with 'loose = yes' for the server"
        ),
        (
            .privilegedPort, .port,
            "the client's PORT names a port below 1024: let the client choose another, or allow this with "
                + "'allow-privileged-ports = yes' for the server"
        ),
        (
            .privilegedPort, .epsv,
            "the server's answer to EPSV names a port below 1024: let the server choose another, or allow this with "
                + "'allow-privileged-ports = yes' for the server"
        ),
        (
            .unsolicited, .pasv,
            "the server announces a data connection that the client did not ask for: update the server, or block it "
                + "if it is an attacker"
        ),
        (
            .notLoggedIn, .lprt,
            "the client's LPRT came before the login was accepted: update the client, or block it if it is an attacker"
        ),
        (
            .notFTP, nil,
            "the connection does not begin with FTP, so it passes and opens nothing: keep other services off this port, "
                + "or leave it out of 'pinhole rules load --ports'"
        ),
        (
            .pipelined, .port,
            "the client's PORT came before the reply to the last command: if the client must do that, set "
                + "'strict = no' for the server"
        ),
        (
            .tableFull, nil,
            "the limit of connections is reached, for all clients or for this one, so the connection passes without "
                + "help: raise 'max-connections' or 'max-client-connections', or see which clients have them with 'pinhole connections'"
        ),
        (
            .noPort, .lpsv,
            "NAT has no free port for the server's answer to LPSV, or the client already holds a quarter of the address's "
                + "ports: give NAT another address, or see with 'pinhole expectations' who has the ports"
        ),
        (
            .notAllowed, .port,
            "the client's PORT opens nothing, because 'active = no' is set: let the client use passive mode, or allow this "
                + "for the server"
        ),
        (
            .notAllowed, .epsv,
            "the server's answer to EPSV opens nothing, because 'passive = no' is set: let the client use active mode, or "
                + "allow this for the server"
        ),
        (
            .tooMany, .eprt,
            "the client's EPRT exceeds the limit of announcements per second, and passes unread: update the client, or "
                + "block it if it is an attacker"
        ),
        (
            .noMapping, nil,
            "conntrack does not have the connection, so nothing can be opened for it: look for NOTRACK rules for its "
                + "port, and at 'conntrack -S'"
        ),
        (
            .forged, nil,
            "the packet arrived on an interface through which its sender cannot have sent it, so it was not read: somebody "
                + "there forges packets, or the routes to the client and the server are wrong (see 'ip route get')"
        ),
        (
            .seqAdjusted, .port,
            "the client's PORT would have to be rewritten, but another part of the kernel already shifts the connection's "
                + "sequence numbers: leave its port out of your SYNPROXY rules"
        ),
        (
            .ftpsLimit, .ftps,
            "the encrypted session has as many data connections as it may have at once: raise 'ftps-max' for the "
                + "server, or let the client open fewer"
        ),
    ]

    @Test(arguments: sentences)
    func `a sentence says what happened, and what can be done`(
        _ reason: Refusal.Reason,
        _ kind: FTPHelper.Expectation.Kind?,
        _ sentence: String
    ) {
        let refusal = Refusal(reason: reason, kind: kind, connection: Samples.mapping.original, line: [])
        #expect(refusal.explanation == sentence)
    }

    @Test func `every reason has an explanation`() {
        #expect(Set(Self.sentences.map(\.0)) == Set(Refusal.Reason.allCases))
    }

    @Test(arguments: [
        (FTPHelper.Expectation.Kind.port, "PORT 10,1,0,2,0,0", true), (.eprt, "EPRT |1|10.1.0.2|0|", true),
        (.pasv, "227 ok (10,2,0,2,0,0)", true), (.epsv, "229 ok (|||0|)", true),
        (.port, "PORT 10,1,0,2,0,400", false), (.port, "PORT 10,0,0", true), (.port, "", false),
    ])
    func `port 0 is named in its explanation`(
        _ kind: FTPHelper.Expectation.Kind,
        _ line: String,
        _ isZero: Bool
    ) {
        let refusal = Refusal(
            reason: .malformed,
            kind: kind,
            connection: Samples.mapping.original,
            line: Array(line.utf8)
        )
        #expect(refusal.explanation.contains(" names port 0, at which nothing can listen: ") == isZero)
    }
}
