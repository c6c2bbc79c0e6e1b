// SPDX-License-Identifier: GPL-2.0-or-later

/// The layout of all help.
package enum Help {
    /// Characters of the longest line.
    package static let width = 80

    /// Two columns, indented and aligned.
    package static func table(_ rows: [(term: String, meaning: String)]) -> String {
        let width = rows.map(\.term.count).max() ?? 0
        return rows.map { row in
            let gap = String(repeating: " ", count: width - row.term.count + 2)
            return "  \(row.term)\(gap)\(row.meaning)"
        }.joined(separator: "\n")
    }

    /// Wraps a text to lines of that width.
    package static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// The words after `beginning`, on lines that are indented except the first.
    static func filled(_ beginning: String, with words: [String]) -> String {
        var lines = [beginning]
        for word in words {
            let line = lines[lines.count - 1]
            if line.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(repeating: " ", count: beginning.count) + " \(word)")
            }
        }
        return lines.joined(separator: "\n")
    }
}
