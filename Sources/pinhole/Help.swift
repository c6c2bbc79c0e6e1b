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
}
