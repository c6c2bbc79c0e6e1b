import Glibc
package import Netfilter

/// The records of the connections, in a file that outlives the daemon.
///
/// The file consists of slots of twelve words, the first of which is its header. A record has as many as it needs. A
/// new one of the same connection gets slots that were free, and only then are those of the old one given up: whenever
/// the daemon is killed, one of the two is whole.
///
///     bits   of word 0
///       32   checksum of all that follows
///       16   part: which slot of the record this is, from 0
///       16   parts: how many it has; 0 in a slot that is free
///            of word 1
///       48   sequence: the same in all slots of a record; the newer record has the greater one
///       16   count of the words of data
///            of words 2 to 11
///            data, zeros behind it
///
/// The first bits are the highest; words are in the order of this machine. In the header the data says whose file it is,
/// of which version, and since which start of the machine: the records of another have lost their meaning.
package struct StateFile: ~Copyable {
    /// Words of a slot, and of the data in it.
    static let slotSize = 12
    static let dataSize = slotSize - 2
    static let slotBytes = slotSize * 8
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
    private var slot = emptySlot

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
        identity: [UInt64],
        connections: Int
    ) throws(SystemError) -> StateFile {
        let file = try MappedFile.create(for: path, size: step * slotBytes)
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
    package mutating func keep(_ number: Int, _ record: [UInt64]?) throws(SystemError) {
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
            file.write(StateFile.emptySlot, at: Int(slot) * StateFile.slotBytes)
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

    private static let emptySlot = [UInt64](repeating: 0, count: slotSize)

    /// Sees to it that so many slots are free.
    private mutating func reserve(_ count: Int) throws(SystemError) {
        guard freeCount < count else { return }
        let larger = min(next.count + max(StateFile.step, next.count / 4, count), maximumSlots)
        guard count <= StateFile.maximumParts, larger - next.count + freeCount >= count else {
            throw SystemError("keep the state of a connection", code: ENOSPC)
        }
        try file.grow(to: larger * StateFile.slotBytes)
        addSlots(upTo: larger)
    }

    /// Writes one part of a record into a slot.
    private mutating func write(_ record: [UInt64], part: Int, parts: Int, to index: Int) {
        let start = part * StateFile.dataSize
        let count = min(StateFile.dataSize, record.count - start)
        for offset in 0..<StateFile.dataSize {
            slot[2 + offset] = offset < count ? record[start + offset] : 0
        }
        slot[1] = sequence << 16 | UInt64(count)
        slot[0] = UInt64(part) << 16 | UInt64(parts)
        slot[0] |= UInt64(StateFile.checksum(slot.span)) << 32
        file.write(slot, at: index * StateFile.slotBytes)
    }

    /// The checksum of a slot: it is to tell what was written whole from what was not.
    ///
    /// FNV-1a of 64 bits, folded, by a word at a time.
    static func checksum(_ slot: Span<UInt64>) -> UInt32 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        hash = (hash ^ slot[0] & 0xffff_ffff) &* 0x100_0000_01b3
        for index in 1..<slot.count { hash = (hash ^ slot[index]) &* 0x100_0000_01b3 }
        return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
