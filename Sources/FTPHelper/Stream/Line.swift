/// A line of a stream.
package struct Line: Hashable, Sendable {
    /// Offsets in the stream's `bytes`, with its end; of one that is too long to be read, those of its beginning.
    package let range: Range<Int>
    /// Unset for one that is too long to be read (contract B5).
    package let isWhole: Bool
}
