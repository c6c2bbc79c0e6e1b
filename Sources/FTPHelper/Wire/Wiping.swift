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
        let kept = self.count - count
        var index = 0
        while index < kept {
            self[index] = self[index + count]
            index += 1
        }
        wipeLast(count)
    }

    /// Removes the last `count` bytes, which must be there.
    mutating func wipeLast(_ count: Int) {
        var index = self.count - count
        while index < self.count {
            self[index] = 0
            index += 1
        }
        removeLast(count)
    }
}
