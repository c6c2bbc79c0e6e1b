// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What a server really says: one session with it, line by line.
///
/// In the text `> ` begins what the client sends; every other line is the server's, as it stands. The server is 10.2.0.2 and
/// listens on 5001, the client is 10.1.0.2 and listens on 5001.
struct ServerDialect: Sendable, CustomTestStringConvertible {
    /// A line of one side, with its end.
    struct Line: Sendable {
        let isClients: Bool
        let text: String

        /// What the line is to announce.
        ///
        /// The client never announces anything else than 5001, and the server nothing in what a multi-line reply begins with.
        var announced: String? {
            let prefixes =
                isClients ? ["PORT ", "EPRT ", "LPRT "] : ["227 ", "228 ", "229 "]
            guard let prefix = prefixes.first(where: text.hasPrefix) else { return nil }
            // What servers say when they refuse or end something with these codes has no number.
            guard text.contains("5001") || text.contains("19,137") || text.contains("19, 137") else {
                return nil
            }
            return switch prefix {
            case "227 ": "PASV 5001"
            case "228 ": "LPSV 5001"
            case "229 ": "EPSV 5001"
            default: "\(prefix)5001"
            }
        }
    }

    let name: String
    let lines: [Line]

    var testDescription: String { name }

    /// - Parameters:
    ///   - name: the server's.
    ///   - ending: how the server ends its lines.
    ///   - text: the session.
    init(_ name: String, ending: String = "\r\n", _ text: String) {
        self.name = name
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("> ")
                ? Line(isClients: true, text: line.dropFirst(2) + "\r\n")
                : Line(isClients: false, text: line + ending)
        }
    }
}
