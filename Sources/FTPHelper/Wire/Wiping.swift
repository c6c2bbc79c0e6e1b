/// Bytes that may hold a password: what is removed is overwritten, so that memory has it no longer than needed.
///
/// An array that grows, shrinks or goes leaves its old bytes where they were, for whoever gets hold of the memory.
extension [UInt8] {
    /// Makes room for `count` more bytes, and leaves nothing behind where the array has to move.
    mutating func makeRoom(for count: Int) {
        guard capacity - self.count < count else { return }
        var larger: [UInt8] = []
        larger.reserveCapacity(Swift.max(2 * capacity, self.count + count))
        larger += self
        wipe()
        self = larger
    }

    /// Removes everything and keeps the storage.
    mutating func wipe() {
        guard !isEmpty else { return }
        var bytes = mutableSpan
        bytes.update(repeating: 0)
        removeAll(keepingCapacity: true)
    }

    /// Removes the first `count` bytes, which must be there.
    mutating func wipeFirst(_ count: Int) {
        var bytes = mutableSpan
        for index in 0..<bytes.count - count { bytes[index] = bytes[index + count] }
        wipeLast(count)
    }

    /// Removes the last `count` bytes, which must be there.
    mutating func wipeLast(_ count: Int) {
        var bytes = mutableSpan
        for index in bytes.count - count..<bytes.count { bytes[index] = 0 }
        removeLast(count)
    }
}
