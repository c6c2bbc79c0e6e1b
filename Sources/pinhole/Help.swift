/// The layout that all help has in common.
enum Help {
    /// Lines of two columns, indented, the second column aligned.
    static func table(_ rows: [(term: String, meaning: String)]) -> String {
        let width = rows.map(\.term.count).max() ?? 0
        return rows.map { row in
            let gap = String(repeating: " ", count: width - row.term.count + 2)
            return "  \(row.term)\(gap)\(row.meaning)"
        }.joined(separator: "\n")
    }

    /// The words after `beginning` on lines of at most 100 characters, those after the first indented.
    static func filled(_ beginning: String, with words: [String]) -> String {
        var lines = [beginning]
        for word in words {
            let line = lines[lines.count - 1]
            if line.count + 1 + word.count <= 100 {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(repeating: " ", count: beginning.count) + " \(word)")
            }
        }
        return lines.joined(separator: "\n")
    }
}
