// SPDX-License-Identifier: GPL-2.0-or-later

/// A row of a table of `pinhole top`.
struct ListRow: Hashable, Sendable {
    /// The text in one column, and the number to sort by if there is one.
    struct Cell: Hashable, Sendable {
        let text: String
        let number: Double?

        init(_ text: String, _ number: Double? = nil) {
            self.text = text
            self.number = number
        }

        func isBefore(_ other: Cell) -> Bool {
            switch (number, other.number) {
            case (let number?, let other?): number < other
            case (nil, _?): true
            case (_?, nil): false
            case (nil, nil): text < other.text
            }
        }
    }

    /// Its identity, which is the same in the next report.
    let key: String
    /// The number of its expectation, if it has one.
    var id: UInt64?
    /// The addresses of the control connection, which the filter matches.
    let addresses: [String]
    /// One cell for each column of the view.
    let cells: [Cell]
    /// The details that are shown when it is selected.
    var detail = ""
}
