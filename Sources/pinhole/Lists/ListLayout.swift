// SPDX-License-Identifier: GPL-2.0-or-later

/// The widths of the columns of a table, and which columns fit.
struct ListLayout {
    private let columns: [ListColumn]
    /// Characters of each column; `nil` if it is left out.
    private let widths: [Int?]

    /// The minimum width of a flexible column; other columns are left out before it gets narrower.
    private static let minimumFlexibleWidth = 12
    /// The maximum width of other columns: an IPv6 address with its port.
    private static let maximumWidth = 47

    init(_ columns: [ListColumn], _ rows: [ListRow], width: Int) {
        self.columns = columns
        var widths: [Int?] = columns.indices.map { index in
            let longest = rows.reduce(columns[index].title.count) { max($0, $1.cells[index].text.count) }
            return columns[index].isFlexible
                ? ListLayout.minimumFlexibleWidth : min(longest, ListLayout.maximumWidth)
        }
        func used() -> Int { widths.reduce(-1) { $0 + ($1.map { $0 + 1 } ?? 0) } }
        let dispensable = columns.indices.filter { !columns[$0].isFlexible }.sorted {
            columns[$0].rank < columns[$1].rank
        }
        for index in dispensable where used() > width { widths[index] = nil }
        if let flexible = columns.firstIndex(where: \.isFlexible) {
            widths[flexible] = max(0, ListLayout.minimumFlexibleWidth + width - used())
        }
        self.widths = widths
    }

    var header: String { line(columns.map(\.title)) }

    func text(of row: ListRow) -> String { line(row.cells.map(\.text)) }

    private func line(_ texts: [String]) -> String {
        var parts: [String] = []
        for (index, text) in texts.enumerated() {
            guard let width = widths[index] else { continue }
            let shown = String(text.prefix(width))
            let fill = String(repeating: " ", count: width - shown.count)
            parts.append(columns[index].isNumber ? fill + shown : shown + fill)
        }
        let line = parts.joined(separator: " ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}
