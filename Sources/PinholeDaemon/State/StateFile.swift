import Glibc
package import Netfilter

/// The records of the connections, in a file that outlives the daemon.
///
/// The file consists of slots of twelve words, the first of which is its header. A record has as many as it needs. A
/// new one of the same connection gets slots that were free, and only then are those of the old one given up, each from
/// the first on: whenever the daemon is killed, one of the two is whole.
///
///     bits   of word 0
///       32   checksum of all that follows
///       32   next: the slot behind this in its record, or in the list of the free ones; 0 behind the last
///            of word 1
///       48   sequence: the same in all slots of a record; the newer record has the greater one
///       8    role: 0 in a slot that is free, 1 in the first of a record, 2 in the others
///       8    count of the words of data
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
    private var file: MappedFile
    /// As many slots as the file may have: an idle connection takes one, one with an address of IPv6 or an edit two.
    private let maximumSlots: Int
    /// How many slots there are.
    private var count: Int
    /// The first of those that were never used; so as not to touch them before they are needed, they are in no list.
    private var firstUnused = 1
    /// The first of those that are free again, 0 if there is none, and how many there are.
    private var firstFree = 0
    private var freeCount = 0
    private var sequence: UInt64 = 0
    /// A slot on its way to the file; kept for its storage.
    private var slot = [UInt64](repeating: 0, count: slotSize)

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
        state.write(identity[...], .first, next: 0, to: 0)
        return state
    }

    private init(file: consuming MappedFile, maximumSlots: Int) {
        count = file.size / StateFile.slotBytes
        self.file = file
        self.maximumSlots = maximumSlots
    }

    /// Lets the next daemon find the file, and no longer what was there before.
    package mutating func publish() throws(SystemError) { try file.publish() }

    /// Keeps a record in place of an older one.
    ///
    /// - Parameters:
    ///   - record: `nil` for none.
    ///   - old: where the older one is; 0 if there is none.
    /// - Returns: Where it is; 0 for nowhere.
    /// - Throws: `ENOSPC` if there is no room for it: the connection then has none.
    package mutating func keep(_ record: [UInt64]?, inPlaceOf old: Int) throws(SystemError) -> Int {
        defer { release(old) }
        guard let record else { return 0 }
        let parts = (record.count + StateFile.dataSize - 1) / StateFile.dataSize
        try reserve(parts)
        sequence += 1
        var place = 0
        for part in (0..<parts).reversed() {
            let slot = takeFree()
            let data = record[part * StateFile.dataSize..<min((part + 1) * StateFile.dataSize, record.count)]
            write(data, part == 0 ? .first : .other, next: place, to: slot)
            place = slot
        }
        return place
    }

    /// Gives a slot up, and those behind it.
    private mutating func release(_ start: Int) {
        var place = start
        while place != 0 {
            let following = next(behind: place)
            // Of what it said nothing stays, but for those who read the file meanwhile.
            write([], .free, next: firstFree, to: place)
            firstFree = place
            freeCount += 1
            place = following
        }
    }

    /// Sees to it that so many slots are free.
    private mutating func reserve(_ wanted: Int) throws(SystemError) {
        let free = freeCount + count - firstUnused
        guard free < wanted else { return }
        let larger = min(count + max(StateFile.step, count / 4, wanted), maximumSlots)
        guard larger - count + free >= wanted else {
            throw SystemError("keep the state of a connection", code: ENOSPC)
        }
        try file.grow(to: larger * StateFile.slotBytes)
        count = larger
    }

    /// Takes a slot that is free; there is one.
    private mutating func takeFree() -> Int {
        guard firstFree != 0 else {
            firstUnused += 1
            return firstUnused - 1
        }
        let place = firstFree
        firstFree = next(behind: place)
        freeCount -= 1
        return place
    }

    private func next(behind place: Int) -> Int {
        Int(file.word(at: place * StateFile.slotBytes) & 0xffff_ffff)
    }

    /// Writes a slot.
    private mutating func write(_ data: ArraySlice<UInt64>, _ role: Role, next: Int, to place: Int) {
        for offset in 0..<StateFile.dataSize {
            slot[2 + offset] = offset < data.count ? data[data.startIndex + offset] : 0
        }
        slot[1] = sequence << 16 | UInt64(role.rawValue) << 8 | UInt64(data.count)
        slot[0] = UInt64(next)
        if role != .free { slot[0] |= UInt64(StateFile.checksum(slot.span)) << 32 }
        file.write(slot, at: place * StateFile.slotBytes)
    }

    /// What a slot is.
    enum Role: UInt8 { case free, first, other }

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
