/// Writes a record: values one behind the other without gaps, each in as many bits as it needs.
///
/// They are gathered in words: every packet that says something has one written before it goes on.
struct RecordWriter {
    /// The words that are full; all of them after `finish`.
    private(set) var words: [UInt64] = []
    /// Bits that do not fill a word yet, the first of them the lowest, and how many they are.
    private var pending: UInt64 = 0
    private var pendingCount = 0

    /// Writes the lowest bits of a number, of which the others are 0; at least one, and no more than 64.
    ///
    /// In line it is a few instructions, of which a record takes dozens.
    @inline(__always)
    mutating func put(_ value: some FixedWidthInteger & UnsignedInteger, bits count: Int) {
        let value = UInt64(truncatingIfNeeded: value)
        let sum = pendingCount &+ count
        pending |= value &<< UInt64(truncatingIfNeeded: pendingCount)
        pendingCount = sum & 63
        guard sum >= 64 else { return }
        words.append(pending)
        pending = value >> UInt64(truncatingIfNeeded: count &- pendingCount)
    }

    /// Fills the last word up with zeros.
    mutating func finish() {
        guard pendingCount > 0 else { return }
        words.append(pending)
        pending = 0
        pendingCount = 0
    }

    /// Begins anew, and keeps the storage.
    mutating func clear() {
        words.removeAll(keepingCapacity: true)
        pending = 0
        pendingCount = 0
    }
}
