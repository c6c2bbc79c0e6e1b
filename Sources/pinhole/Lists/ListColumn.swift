// SPDX-License-Identifier: GPL-2.0-or-later

/// A column of a table of `pinhole top`.
struct ListColumn: Hashable, Sendable {
    let title: String
    /// Numbers are aligned to the right.
    var isNumber = false
    /// It gets the width that the others leave, and is cut to it.
    var isFlexible = false
    /// If the screen is too narrow, columns with the lowest rank are left out first.
    var rank = 9
}
