import Glibc
package import Netfilter

/// The records of the connections, in a file that outlives the daemon.
///
/// The file consists of slots of 128 bytes, the first of which is its header. A record has as many as it needs. A
/// new one of the same connection gets slots that were free, and only then are those of the old one given up: whenever
/// the daemon is killed, one of the two is whole.
///
///     checksum   4   of all that follows
///     sequence   6   the same in all slots of a record; the newer record has the greater one
///     part       2   which slot of the record this is, from 0
///     parts      2   how many it has; 0 in a slot that is free
///     count      1   bytes of data
///     data     113   zeros behind them
///
/// Numbers are in network order. In the header `data` says whose file it is, of which version, and since which start of
/// the machine: the records of another have lost their meaning.
package struct StateFile: ~Copyable {
    static let slotSize = 128
    static let headerSize = 15
    static let dataSize = slotSize - headerSize
    /// Slots by which the file grows.
    private static let step = 512
    /// Slots of the largest record: a segment as large as there are may be full of announcements.
    private static let maximumParts = 65535

    private var file: MappedFile
    /// As many slots as the file may have: an idle connection takes one, one with an address of IPv6 or an edit two.
    private let maximumSlots: Int
    /// The first slot of each record, by its number; 0, the header's, if it has none.
    private var first: [UInt32] = []
    /// The slot behind each in its record, or among the free ones; 0 behind the last.
    private var next: [UInt32] = [0]
    private var firstFree: UInt32 = 0
    private var freeCount = 0
    private var sequence: UInt64 = 0
    /// A slot on its way to the file; kept for its storage.
    private var slot = [UInt8](repeating: 0, count: slotSize)

    /// Makes a file without records, to be published at `path`.
    ///
    /// - Parameters:
    ///   - path: where the next daemon will look for it.
    ///   - identity: see `identity(ofBoot:)`.
    ///   - connections: as many as there may be.
    /// - Returns: The file, which the next daemon does not find yet.
    /// - Throws: What the system says to making it.
    package static func create(
        for path: String,
        identity: [UInt8],
        connections: Int
    ) throws(SystemError) -> StateFile {
        let file = try MappedFile.create(for: path, size: step * slotSize)
        var state = StateFile(
            file: file,
            maximumSlots: step + 4 * connections
        )
        state.addSlots(upTo: step)
        state.write(identity, part: 0, parts: 1, to: 0)
        return state
    }

    private init(file: consuming MappedFile, maximumSlots: Int) {
        self.file = file
        self.maximumSlots = maximumSlots
    }

    /// Lets the next daemon find the file, and no longer what was there before.
    package mutating func publish() throws(SystemError) { try file.publish() }

    /// Keeps a record in place of the last one of that number; `nil` for none.
    ///
    /// - Throws: `ENOSPC` if there is no room for it: the connection then has none.
    package mutating func keep(_ number: Int, _ record: [UInt8]?) throws(SystemError) {
        while first.count <= number { first.append(0) }
        let old = first[number]
        first[number] = 0
        defer { release(old) }
        guard let record else { return }
        let parts = (record.count + StateFile.dataSize - 1) / StateFile.dataSize
        try reserve(parts)
        sequence += 1
        for part in (0..<parts).reversed() {
            let slot = firstFree
            firstFree = next[Int(slot)]
            freeCount -= 1
            write(record, part: part, parts: parts, to: Int(slot))
            next[Int(slot)] = first[number]
            first[number] = slot
        }
    }

    /// Gives a slot up, and those behind it.
    private mutating func release(_ start: UInt32) {
        var slot = start
        while slot != 0 {
            // Of what it said nothing stays, but for those who read the file meanwhile.
            file.write(StateFile.emptySlot, at: Int(slot) * StateFile.slotSize)
            let following = next[Int(slot)]
            addFree(slot)
            slot = following
        }
    }

    private mutating func addFree(_ slot: UInt32) {
        next[Int(slot)] = firstFree
        firstFree = slot
        freeCount += 1
    }

    /// Takes slots into account that the file has now, up to that number of them.
    private mutating func addSlots(upTo count: Int) {
        let known = next.count
        next += repeatElement(0, count: count - known)
        for slot in (known..<count).reversed() { addFree(UInt32(slot)) }
    }

    private static let emptySlot = [UInt8](repeating: 0, count: slotSize)

    /// Sees to it that so many slots are free.
    private mutating func reserve(_ count: Int) throws(SystemError) {
        guard freeCount < count else { return }
        let larger = min(next.count + max(StateFile.step, next.count / 4, count), maximumSlots)
        guard count <= StateFile.maximumParts, larger - next.count + freeCount >= count else {
            throw SystemError("keep the state of a connection", code: ENOSPC)
        }
        try file.grow(to: larger * StateFile.slotSize)
        addSlots(upTo: larger)
    }

    /// Writes one part of a record into a slot.
    private mutating func write(_ record: [UInt8], part: Int, parts: Int, to index: Int) {
        let start = part * StateFile.dataSize
        let count = min(StateFile.dataSize, record.count - start)
        let sequence = sequence
        var bytes = slot.mutableSpan
        bytes.put(sequence >> 16, at: 4)
        bytes.put(sequence << 16 | UInt64(part), at: 8)
        bytes.put(UInt64(parts) << 16 | UInt64(count) << 8, at: 12)
        for offset in 0..<count { bytes[StateFile.headerSize + offset] = record[start + offset] }
        for offset in StateFile.headerSize + count..<StateFile.slotSize { bytes[offset] = 0 }
        bytes.put(UInt64(StateFile.checksum(bytes.span)), at: 0)
        file.write(slot, at: index * StateFile.slotSize)
    }

    /// The checksum of a slot: it is to tell what was written whole from what was not.
    ///
    /// FNV-1a of 64 bits, folded, by four bytes at a time.
    static func checksum(_ slot: Span<UInt8>) -> UInt32 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for offset in stride(from: 4, to: slotSize, by: 4) {
            let word =
                UInt64(slot[offset]) << 24 | UInt64(slot[offset + 1]) << 16 | UInt64(slot[offset + 2]) << 8
                | UInt64(slot[offset + 3])
            hash = (hash ^ word) &* 0x100_0000_01b3
        }
        return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    }
}

extension MutableSpan<UInt8> {
    /// Writes the lower half of a number at `offset`, in network order.
    fileprivate mutating func put(_ value: UInt64, at offset: Int) {
        for index in 0..<4 {
            self[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(24 - 8 * index))
        }
    }
}
