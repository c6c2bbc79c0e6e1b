import Glibc
package import Netfilter

/// The records of the connections, in a file that outlives the daemon.
///
/// The file consists of slots of 128 bytes, the first of which is its header. A record has as many as it needs. A
/// new one of the same connection gets slots that were free, and only then are those of the old one given up: whenever
/// the daemon is killed, one of the two is whole.
///
///     checksum   4   FNV-1a of what follows, up to the end of the data
///     sequence   8   the same in all slots of a record; the newer record has the greater one
///     part       1   which slot of the record this is, from 0
///     parts      1   how many it has; 0 in a slot that is free
///     count      1   bytes of data
///     data     113
///
/// Numbers are in network order. In the header `data` says whose file it is, of which version, and since which start of
/// the machine: the records of another have lost their meaning.
package struct StateFile: ~Copyable {
    static let slotSize = 128
    static let headerSize = 15
    static let dataSize = slotSize - headerSize
    /// Slots by which the file grows.
    private static let step = 512
    /// Slots of the largest record.
    private static let maximumParts = 255

    private var file: MappedFile
    /// As many slots as the file may have: an idle connection takes one, one with an address of IPv6 or an edit two.
    private let maximumSlots: Int
    private var free: [Int]
    /// The first slot of each record, by its number; 0 where there is none.
    private var first: [Int] = []
    /// Which slot comes behind each in its record; 0 behind the last.
    private var next: [Int]
    private var sequence: UInt64 = 0
    /// A slot on its way to the file; kept for its storage.
    private var slot: [UInt8] = []

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
            maximumSlots: step + 4 * connections,
            free: Array((1..<step).reversed()),
            next: Array(repeating: 0, count: step)
        )
        state.write(identity[...], part: 0, parts: 1, to: 0)
        return state
    }

    private init(file: consuming MappedFile, maximumSlots: Int, free: [Int], next: [Int]) {
        self.file = file
        self.maximumSlots = maximumSlots
        self.free = free
        self.next = next
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
        defer { release(from: old) }
        guard let record else { return }
        let parts = (record.count + StateFile.dataSize - 1) / StateFile.dataSize
        try reserve(parts)
        sequence += 1
        // From the last to the first, so that each knows what comes behind it.
        for part in (0..<parts).reversed() {
            guard let slot = free.popLast() else { return }
            let start = part * StateFile.dataSize
            let data = record[start..<min(start + StateFile.dataSize, record.count)]
            write(data, part: part, parts: parts, to: slot)
            next[slot] = first[number]
            first[number] = slot
        }
    }

    /// Gives up a slot and those behind it.
    private mutating func release(from start: Int) {
        var slot = start
        while slot != 0 {
            // Of what it said nothing stays, but for those who read the file meanwhile.
            file.write(StateFile.emptySlot, at: slot * StateFile.slotSize)
            free.append(slot)
            slot = next[slot]
        }
    }

    private static let emptySlot = [UInt8](repeating: 0, count: slotSize)

    /// Sees to it that so many slots are free.
    private mutating func reserve(_ count: Int) throws(SystemError) {
        guard free.count < count else { return }
        let larger = min(next.count + max(StateFile.step, next.count / 4), maximumSlots)
        guard count <= StateFile.maximumParts, larger - next.count + free.count >= count else {
            throw SystemError("keep the state of a connection", code: ENOSPC)
        }
        try file.grow(to: larger * StateFile.slotSize)
        free += (next.count..<larger).reversed()
        next += Array(repeating: 0, count: larger - next.count)
    }

    private mutating func write(_ data: ArraySlice<UInt8>, part: Int, parts: Int, to index: Int) {
        slot.removeAll(keepingCapacity: true)
        for _ in 0..<4 { slot.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            slot.append(UInt8(truncatingIfNeeded: sequence >> UInt64(shift)))
        }
        slot.append(UInt8(truncatingIfNeeded: part))
        slot.append(UInt8(truncatingIfNeeded: parts))
        slot.append(UInt8(truncatingIfNeeded: data.count))
        slot += data
        let checksum = StateFile.checksum(slot[4...])
        for index in 0..<4 { slot[index] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * index)) }
        file.write(slot, at: index * StateFile.slotSize)
    }

    /// FNV-1a, 32 bits: it is to tell what was written whole from what was not.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }
}
