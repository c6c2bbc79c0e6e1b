import Glibc
package import Linux

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
///
/// Every connection has room for a record of `guaranteedSlots`, whatever others have. What a record takes beyond these comes
/// out of a store that all share. Nothing is set aside for either: the file grows with what it has to keep.
package struct StateFile: ~Copyable {
    /// Words of a slot, and of the data in it.
    static let slotSize = 12
    static let dataSize = slotSize - 2
    static let slotBytes = slotSize * 8
    /// Slots by which the file grows.
    private static let step = 512
    private var file: MappedFile
    /// Slots that each connection may have in any case: an idle one takes one, one with an address of IPv6 or an edit two;
    /// the least that it takes to go on with one (`Tracker.takeRecords`) needs no more than these.
    package static let guaranteedSlots = 8
    /// As many connections as there may be.
    private var connections: Int
    /// Slots that records have beyond the guaranteed ones.
    private var extraCount = 0
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
        var state = StateFile(file: file, connections: connections)
        state.write(identity[...], .first, next: 0, to: 0)
        return state
    }

    private init(file: consuming MappedFile, connections: Int) {
        count = file.size / StateFile.slotBytes
        self.file = file
        self.connections = connections
    }

    /// As many slots as records may have together beyond the guaranteed ones.
    private var maximumExtra: Int { StateFile.step + connections }

    /// As many slots as the file may have: there is the header, and one record more than connections while it is to take an
    /// older one's place, or its connection that of another.
    private var maximumSlots: Int { 1 + (connections + 2) * StateFile.guaranteedSlots + maximumExtra }

    /// Has room for more connections from now on; never for fewer, since those that there are stay.
    package mutating func admit(connections: Int) { self.connections = max(self.connections, connections) }

    /// Lets the next daemon find the file, and no longer what was there before.
    package mutating func publish() throws(SystemError) { try file.publish() }

    /// Keeps a record in place of an older one.
    ///
    /// - Parameters:
    ///   - record: `nil` for none.
    ///   - old: where the older one is; 0 if there is none.
    /// - Returns: Where it is; 0 for nowhere.
    /// - Throws: `ENOSPC` if there is no room for it: the older one then stays.
    package mutating func keep(_ record: [UInt64]?, inPlaceOf old: Int) throws(SystemError) -> Int {
        guard let record else {
            release(old)
            return 0
        }
        let parts = (record.count + StateFile.dataSize - 1) / StateFile.dataSize
        let extra = StateFile.extra(of: parts)
        guard extraCount + extra <= maximumExtra else { throw StateFile.isFull }
        try reserve(parts)
        extraCount += extra
        sequence += 1
        var place = 0
        for part in (0..<parts).reversed() {
            let slot = takeFree()
            let data = record[part * StateFile.dataSize..<min((part + 1) * StateFile.dataSize, record.count)]
            write(data, part == 0 ? .first : .other, next: place, to: slot)
            place = slot
        }
        release(old)
        return place
    }

    /// Slots of a record that come out of what all share.
    private static func extra(of parts: Int) -> Int { max(0, parts - guaranteedSlots) }

    private static var isFull: SystemError { SystemError("keep the state of a connection", code: ENOSPC) }

    /// Gives a slot up, and those behind it.
    private mutating func release(_ start: Int) {
        var place = start
        var parts = 0
        while place != 0 {
            parts += 1
            let following = next(behind: place)
            // Of what it said nothing stays, but for those who read the file meanwhile.
            write([], .free, next: firstFree, to: place)
            firstFree = place
            freeCount += 1
            place = following
        }
        extraCount -= StateFile.extra(of: parts)
    }

    /// Sees to it that so many slots are free.
    private mutating func reserve(_ wanted: Int) throws(SystemError) {
        let free = freeCount + count - firstUnused
        guard free < wanted else { return }
        let larger = min(count + max(StateFile.step, count / 4, wanted), maximumSlots)
        guard larger - count + free >= wanted else { throw StateFile.isFull }
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
