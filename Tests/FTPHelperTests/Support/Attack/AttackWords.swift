// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// The lines of attacks, with the addresses of a case of NAT.
struct AttackWords: Sendable {
    let mapping: Mapping
    /// What an attacker would like to be taken for a line of the client's, and of the server's; without ends.
    let clientQuote: [UInt8]
    let serverQuote: [UInt8]
    /// What an honest client announces, and what an honest server says to PASV and EPSV.
    let commands: [(line: [UInt8], port: UInt16)]
    let replies: [(passive: [UInt8], extended: [UInt8], port: UInt16)]
    /// What an attacker says as the client, and as the server.
    let clientLines: [[UInt8]]
    let serverLines: [[UInt8]]

    /// The ports that attackers would like to reach.
    static let targets: (client: UInt16, server: UInt16) = (5001, 3306)

    /// No NAT and NAT to a longer address, over IPv4 and IPv6.
    static let all = [0, 1, 5, 6].map { AttackWords(NATCase.all[$0]) }

    private init(_ nat: NATCase) {
        let client = String(nat.active("19,137", Int(AttackWords.targets.client)).sent.dropLast())
        let server = String(nat.passive("12,234", Int(AttackWords.targets.server)).sent.dropLast())
        let asks = nat.isIPv6 ? "EPSV\r\n" : "PASV\r\n"
        mapping = nat.mapping
        clientQuote = Array(client.utf8)
        serverQuote = Array(server.utf8)
        commands = (0..<4).map { number in
            let port = 20000 + number * 7
            let line = nat.active("\(port / 256),\(port % 256)", port).sent
            return (Array(line.utf8), UInt16(port))
        }
        replies = (0..<4).map { number in
            let port = 30000 + number * 7
            let passive = nat.passive("\(port / 256),\(port % 256)", port).sent
            let extended = "229 Entering Extended Passive Mode (|||\(port)|)\r\n"
            return (Array(passive.utf8), Array(extended.utf8), UInt16(port))
        }
        clientLines =
            AttackWords.clientLines(client, server, asks).map { Array($0.utf8) } + [
                ClientHello.bytes(quoting: [])
            ]
        serverLines =
            AttackWords.serverLines(client, server).map { Array($0.utf8) } + [
                [0x16, 3, 3, 0, 5, 2, 0, 0, 1, 0], [23, 3, 3, 0, 2, 1, 2],
            ]
    }

    private static func clientLines(_ client: String, _ server: String, _ asks: String) -> [String] {
        [
            "USER a\r\n", "PASS b\r\n", asks, "USER a\r\nPASS b\r\n", "CWD \(server)\r\n",
            "XYZ \(server)\r\n", "STAT \(server)\r\n", "STAT a\(server)\r\n",
            "STAT 213 end|\(server)|500 x|\(server)\r\n", "RETR a\"\(server)\r\n", "NOOP\r\n",
            "\(client)\r\n",
            "\(asks)\(asks)\(asks)", "CWD x\r\n\(asks)", "\(asks)CWD x\r\n",
            "\(asks)STAT \(server)\r\n", "CWD \(server)\r\n\(asks)", "STAT a|\(server)|500 x\r\n\(asks)",
            "USER \(server)\r\n", "HELP\r\n", "REIN\r\n", "ABOR\r\n",
            "QUIT\r\n", "AUTH TLS\r\n", "CWD aaaaaaaaaaaaaaaaaaaa", "\r\n", server, "\(server)\r\n",
            "LIST\r\n", "EPSV\r\n", "EPSV ALL\r\n", "POST / HTTP/1.1\r\n",
            "XYZ \(String(repeating: "a", count: 1500))\(server)\r\n",
        ]
    }

    private static func serverLines(_ client: String, _ server: String) -> [String] {
        [
            "220 hi\r\n", "331 pw\r\n", "230 in\r\n", "200 ok\r\n", "220 hi\r\n331 pw\r\n230 in\r\n",
            "331 pw\r\n230 in\r\n", "150 go\r\n", "226 done\r\n", "\(server)\r\n", "229 (|||3306|)\r\n",
            "229 (|||22|)\r\n", "500 no\r\n", "230-\r\n", "230 \r\n", "421 bye\r\n", "234 tls\r\n",
            "120 wait\r\n", "250-x\r\n", "250 x\r\n", "\r\n", "x", "\(client)\r\n",
            "227 (10,9,9,9,19,137)\r\n", "230 in\r\n200 ok\r\n200 ok\r\n", "22", "0 hi\r\n",
            "HTTP/1.1 200 OK\r\n\r\n", "200 ok\r\n200 ok\r\n200 ok\r\n200 ok\r\n",
            String(repeating: "a", count: 600), "220-\(client)\r\n",
        ]
    }
}
