// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// The project's Markdown documents.
enum Documents {
    /// Their paths, from the top of the package on.
    static func all() throws -> [String] {
        try ["", "docs"].flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: Program.top.appending(path: folder).path)
                .filter { $0.hasSuffix(".md") }.sorted().map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
        }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: Program.top.appending(path: path), encoding: .utf8)
    }

    /// The indented blocks of a document, line by line, without what they are indented by.
    static func blocks(of path: String) throws -> [[String]] {
        var blocks: [[String]] = []
        var isInside = false
        for line in try text(of: path).split(separator: "\n", omittingEmptySubsequences: false) {
            let content = line.drop { $0 == " " }
            guard line.count - content.count >= 4, !content.isEmpty else {
                // An empty line may stand between two parts of a block.
                isInside = isInside && line.isEmpty
                continue
            }
            if !isInside { blocks.append([]) }
            isInside = true
            blocks[blocks.count - 1].append(String(content))
        }
        return blocks
    }

    /// The commands in the blocks of a document that begin with one of these words, without comments.
    static func commands(of path: String, beginningWith words: String...) throws -> [String] {
        try blocks(of: path).joined().compactMap { line in
            let line = line.hasPrefix("# ") || line.hasPrefix("$ ") ? line.dropFirst(2) : line[...]
            let command = String(line[..<(line.firstRange(of: "  ")?.lowerBound ?? line.endIndex)])
            return words.contains { command.hasPrefix("\($0) ") } ? command : nil
        }
    }

    /// The name by which a heading can be linked to, as GitHub makes it.
    static func anchor(of heading: some StringProtocol) -> String {
        String(
            heading.lowercased().compactMap { character in
                character == " "
                    ? "-" : character.isLetter || character.isNumber || character == "-" ? character : nil
            }
        )
    }
}
