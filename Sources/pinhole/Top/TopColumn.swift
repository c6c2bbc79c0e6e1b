/// A column of a table of `pinhole top`.
struct TopColumn: Hashable, Sendable {
    let title: String
    /// Numbers stand to the right.
    var isNumber = false
    /// It gets what the others leave, and is cut off there.
    var isFlexible = false
    /// Where there is no room for all, those with the lowest rank go first.
    var rank = 9
}
