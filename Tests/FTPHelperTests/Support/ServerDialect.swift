// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// A session with a real server, line by line, from a file in `Dialects`.
///
/// The first line of a file is the server's name, and the lines up to the first empty one say where its words are from.
/// Greeting, login, 227, 229 and oddities are quoted from there; other lines follow RFC 959 or related servers. In the
/// session `> ` begins a line of the client; every other line is the server's. The server is 10.2.0.2 and listens on 5001,
/// the client is 10.1.0.2 and listens on 5001.
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

    /// - Parameter file: the text of the file.
    init(_ file: String) {
        let lines = file.split(separator: "\n", omittingEmptySubsequences: false)
        let head = lines.prefix { !$0.isEmpty }
        let ending = head.contains("Lines end in LF.") ? "\n" : "\r\n"
        name = String(head.first ?? "")
        // The last line of a file is empty.
        self.lines = lines.dropFirst(head.count + 1).dropLast().map { line in
            line.hasPrefix("> ")
                ? Line(isClients: true, text: line.dropFirst(2) + "\r\n")
                : Line(isClients: false, text: line + ending)
        }
    }

    /// The sessions with all servers, by file name; those in unreadable files are missing.
    static let all: [ServerDialect] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Dialects")
        let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return (files ?? []).sorted { $0.path < $1.path }.compactMap { file in
            (try? String(contentsOf: file, encoding: .utf8)).map { ServerDialect($0) }
        }
    }()
}
