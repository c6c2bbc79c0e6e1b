// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// What a capture is known to hold: `truth/NAME.json` beside it, made without any FTP helper.
struct Truth: Decodable {
    /// A control connection.
    struct Connection: Decodable {
        let clientIp: String
        let clientPort: Int
        let serverIp: String
        let serverPort: Int
        let synFrame: Int?
        let synackFrame: Int?
        let looksFtp: Bool
        /// How often each command was given, and each reply.
        let commands: [String: Int]
        let replies: [String: Int]

        /// The tuple in the form of our JSON.
        var client: String { endpoint(clientIp, clientPort) }
        var server: String { endpoint(serverIp, serverPort) }
        /// Under way when the capture begins.
        var isAdopted: Bool { synackFrame == nil }
        /// Tells whether any login was accepted.
        var hasLogin: Bool { ["230", "232", "202"].contains { replies[$0, default: 0] > 0 } }
    }

    /// A line that announces, or tries to.
    struct Announcement: Decodable {
        struct Control: Decodable { let conn: Int }

        /// The first SYN to the announced endpoint.
        struct Data: Decodable {
            let synFrame: Int
            let srcIp: String
            let srcPort: Int
            let srcIsControlPeer: Bool
        }

        /// PORT, EPRT, LPRT, or the code of a reply.
        let kind: String
        let frame: Int
        let control: Control
        let syntax: String
        let advertisedPort: Int?
        let advertisedEqualsSender: Bool?
        let insideMultilineReply: Bool?
        /// Of a command: the reply to it.
        let nextReply: String?
        /// Of a reply: the command before it.
        let previousCommand: String?
        let data: Data?
    }

    let controlConnections: [Connection]
    let events: [Announcement]

    init(contentsOf url: URL) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Truth.self, from: Data(contentsOf: url))
    }
}

/// `10.2.0.2:21` or `[fd01::2]:21`.
func endpoint(_ address: String, _ port: Int) -> String {
    address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
}
