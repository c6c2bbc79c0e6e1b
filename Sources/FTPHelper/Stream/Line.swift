// SPDX-License-Identifier: GPL-2.0-or-later

/// A line of a stream.
package struct Line: Hashable, Sendable {
    /// Offsets in the stream's `bytes`, including the line end.
    ///
    /// Of a line that is too long, only the beginning.
    package let range: Range<Int>
    /// False for a line that is too long to be read (contract B5).
    package let isWhole: Bool
}
