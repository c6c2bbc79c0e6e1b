/// A row of a table of `pinhole top`.
struct TopRow: Hashable, Sendable {
    /// What stands in one column, and what the column is sorted by: a number where it has one.
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

    /// What tells it from others, and is the same in the next report.
    let key: String
    /// The number of the expectation that it is about, if it is about one.
    var id: UInt64?
    /// Where the control connection comes from and goes to: what the filter looks at.
    let addresses: [String]
    /// As many as the view has columns.
    let cells: [Cell]
    /// What is shown of it at length when it is selected.
    var detail = ""
}
