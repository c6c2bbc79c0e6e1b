// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// A way in which NAT changes a control connection, and what lines read like on either side of it.
struct NATCase: Sendable, CustomStringConvertible {
    let name: String
    let mapping: Mapping

    var description: String { name }

    static let all: [NATCase] = [
        NATCase("no NAT", "10.1.0.2", "10.2.0.2"),
        NATCase("SNAT to a longer address", "10.1.0.2", "10.2.0.2", client: "10.200.100.100"),
        NATCase("SNAT to a shorter address", "10.101.102.103", "10.2.0.2", client: "1.2.3.4"),
        NATCase("DNAT", "10.1.0.2", "203.0.113.5", server: "10.2.0.2"),
        NATCase("SNAT and DNAT", "10.1.0.2", "203.0.113.5", client: "10.2.0.100", server: "10.2.0.2"),
        NATCase("IPv6", "fd01::2", "fd02::2"),
        NATCase("IPv6 with SNAT to a longer address", "fd01::2", "fd02::2", client: "fd02:1:2:3:4:5:6:100"),
        NATCase("IPv6 with DNAT to a shorter address", "fd01::2", "fd02:1:2:3:4:5:6:100", server: "fd02::2"),
    ]

    /// - Parameters:
    ///   - name: for messages.
    ///   - ownClient: the client's address.
    ///   - knownServer: the server's address as the client knows it.
    ///   - client: the client's address as the server knows it; its own if not given.
    ///   - server: the server's own address; `knownServer` if not given.
    init(
        _ name: String,
        _ ownClient: String,
        _ knownServer: String,
        client: String? = nil,
        server: String? = nil
    ) {
        self.name = name
        mapping = Mapping(
            original: Tuple(
                source: Endpoint(address(ownClient), 40112),
                destination: Endpoint(address(knownServer), 21)
            ),
            reply: Tuple(
                source: Endpoint(address(server ?? knownServer), 21),
                destination: Endpoint(address(client ?? ownClient), 40112)
            )
        )
    }

    var isIPv6: Bool { if case .v6 = mapping.original.source.address { true } else { false } }

    /// Whether the address in a 227 has to be rewritten.
    var rewritesReplies: Bool {
        !isIPv6 && mapping.original.destination.address != mapping.reply.source.address
    }

    private func commas(_ address: IPAddress) -> String {
        address.description.split(separator: ".").joined(separator: ",")
    }

    /// An announcement of each side, with the command that asks for the server's.
    func transfers(_ port: Int) -> (
        active: (sent: String, read: String, opens: String),
        passive: (command: String, sent: String, read: String, opens: String)
    ) {
        let p = "\(port / 256),\(port % 256)"
        return (active(p, port), passive(p, port))
    }

    /// A PORT or EPRT line as the client sends it and the server is to read it, and what it opens.
    func active(_ p: String, _ port: Int) -> (sent: String, read: String, opens: String) {
        let own = mapping.original.source.address
        let shown = mapping.reply.destination.address
        let opens = Endpoint(shown, UInt16(port)).description
        guard isIPv6 else { return ("PORT \(commas(own)),\(p)\r\n", "PORT \(commas(shown)),\(p)\r\n", opens) }
        return ("EPRT |2|\(own)|\(port)|\r\n", "EPRT |2|\(shown)|\(port)|\r\n", opens)
    }

    /// A PASV or EPSV command, the reply as the server sends it and the client is to read it, and what it opens.
    func passive(_ p: String, _ port: Int) -> (command: String, sent: String, read: String, opens: String) {
        let own = mapping.reply.source.address
        let shown = mapping.original.destination.address
        let opens = Endpoint(shown, UInt16(port)).description
        guard isIPv6 else {
            let text = { (address: String) in "227 Entering Passive Mode (\(address),\(p)).\r\n" }
            return ("PASV\r\n", text(commas(own)), text(commas(shown)), opens)
        }
        let reply = "229 Extended (RFC2428) Passive Mode (|||\(port)|)\r\n"
        return ("EPSV\r\n", reply, reply, opens)
    }
}

/// The address that a literal in a test names.
func address(_ text: String) -> IPAddress {
    let bytes = Array(text.utf8)
    return IPAddress(parsing: bytes.span) ?? .v4(0)
}
