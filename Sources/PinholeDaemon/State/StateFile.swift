// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Glibc
package import Linux

/// The records of connections in a memory-mapped file that survives the daemon.
///
/// The file consists of slots of twelve 64-bit words; the first slot is the file's header. A record is a chain of slots. A new
/// record of a connection is written to free slots before the old one is freed, so that one of the two is complete whenever the
/// daemon is killed.
///
///     word 0, bits 63-32   checksum of everything after it
///             bits 31-0    next: index of the next slot of the record, or of the free list; 0 in the last one
///     word 1, bits 63-16   sequence: equal in all slots of a record; a newer record has a greater one
///             bits 15-8    role: 0 free, 1 first slot of a record, 2 further slot, 3 origin (`PeerFile`)
///             bits 7-0     number of data words
///     words 2-11           data, padded with zeros
///
/// Words are in host byte order. The header's data is the identity (program, version of the records, and boot), and behind it
/// the term and the time at which the daemon began (nanoseconds of the monotonic clock). A file with another identity is not
/// used. In a pair of gateways, each daemon begins a term that is greater than all it has read, so after a failover the file
/// with the greater term is the newer one.
///
/// Each connection is guaranteed room for a record of `guaranteedSlots` slots. Longer records share a common reserve. The file
/// grows on demand.
package struct StateFile: ~Copyable {
    /// Words per slot, and words of data in it.
    static let slotSize = 12
    static let dataSize = slotSize - 2
    static let slotBytes = slotSize * 8
    /// Slots added when the file grows.
    private static let step = 512
    private var file: MappedFile
    /// Slots guaranteed to each connection.
    ///
    /// An idle one needs one, with IPv6 addresses or an edit two; the shortest record with
    /// which a connection can be restored (`Tracker.takeRecords`) never needs more than this.
    package static let guaranteedSlots = 8
    /// The maximum number of connections.
    private var connections: Int
    /// Slots in use from the common reserve.
    private var extraCount = 0
    /// The number of slots in the file.
    private var count: Int
    /// The first slot that was never used.
    ///
    /// Unused slots are in no list, so that their pages are not touched.
    private var firstUnused = 1
    /// The head of the free list, 0 if it is empty, and its length.
    private var firstFree = 0
    private var freeCount = 0
    /// Number of the last change.
    private(set) var sequence: UInt64 = 0
    /// The slot being written; a buffer that is reused.
    private var slot = [UInt64](repeating: 0, count: slotSize)

    /// Creates a file without records, which `publish` moves to `path`.
    ///
    /// - Parameters:
    ///   - path: where the next daemon looks for it.
    ///   - identity: see `identity(ofBoot:)`.
    ///   - term: see above.
    ///   - began: when the daemon began.
    ///   - connections: the maximum number of connections.
    /// - Returns: The unpublished file.
    /// - Throws: The system's error.
    package static func create(
        for path: String,
        identity: [UInt64],
        term: UInt64 = 1,
        began: Instant = Instant(nanoseconds: 0),
        connections: Int
    ) throws(SystemError) -> StateFile {
        let file = try MappedFile.create(for: path, size: step * slotBytes)
        var state = StateFile(file: file, connections: connections)
        state.write((identity + [term, began.nanoseconds])[...], .first, next: 0, to: 0)
        return state
    }

    /// Adds a slot of this file that belongs to no record, for `writeOrigin`.
    mutating func addOrigin() throws(SystemError) -> Int {
        try reserve(1)
        return takeFree()
    }

    /// Writes the slot that `addOrigin` has added, at once and as a whole.
    mutating func writeOrigin(_ data: [UInt64], to place: Int) {
        write(data[...], .origin, next: 0, to: place)
    }

    private init(file: consuming MappedFile, connections: Int) {
        count = file.size / StateFile.slotBytes
        self.file = file
        self.connections = connections
    }

    /// The size of the common reserve, in slots.
    private var maximumExtra: Int { StateFile.step + connections }

    /// The maximum number of slots: the header, and one record more than connections, since a new record exists beside the one
    /// that it replaces.
    private var maximumSlots: Int { 1 + (connections + 2) * StateFile.guaranteedSlots + maximumExtra }

    /// Raises the maximum number of connections; never lowers it, since existing connections stay.
    package mutating func reserve(connections: Int) { self.connections = max(self.connections, connections) }

    /// Moves the file to its path, replacing the older one.
    package mutating func publish() throws(SystemError) { try file.publish() }

    /// Writes a record and frees the older one that it replaces.
    ///
    /// - Parameters:
    ///   - record: the new record; `nil` only frees the older one.
    ///   - old: the first slot of the older record; 0 if there is none.
    /// - Returns: The first slot of the new record; 0 if there is none.
    /// - Throws: `ENOSPC` if there is no room; the older record then stays.
    package mutating func keep(_ record: [UInt64]?, inPlaceOf old: Int) throws(SystemError) -> Int {
        guard let record else {
            sequence += 1
            free(old)
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
        free(old)
        return place
    }

    /// The slots of a record that come from the common reserve.
    private static func extra(of parts: Int) -> Int { max(0, parts - guaranteedSlots) }

    private static var isFull: SystemError { SystemError("save the state of a connection", code: ENOSPC) }

    /// Frees a record's slots, from the given one on.
    private mutating func free(_ start: Int) {
        var place = start
        var parts = 0
        while place != 0 {
            parts += 1
            let following = next(behind: place)
            // Overwritten, so that nothing of the data stays in the file.
            write([], .free, next: firstFree, to: place)
            firstFree = place
            freeCount += 1
            place = following
        }
        extraCount -= StateFile.extra(of: parts)
    }

    /// Ensures that so many slots are free.
    private mutating func reserve(_ wanted: Int) throws(SystemError) {
        let free = freeCount + count - firstUnused
        guard free < wanted else { return }
        let larger = min(count + max(StateFile.step, count / 4, wanted), maximumSlots)
        guard larger - count + free >= wanted else { throw StateFile.isFull }
        try file.grow(to: larger * StateFile.slotBytes)
        count = larger
    }

    /// Allocates a free slot; `reserve` has made sure that there is one.
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

    /// The role of a slot.
    enum Role: UInt8 { case free, first, other, origin }

    /// The checksum of a slot, which detects slots that were written in part.
    ///
    /// FNV-1a with 64 bits, over words instead of bytes, folded to 32 bits.
    static func checksum(_ slot: Span<UInt64>) -> UInt32 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        hash = (hash ^ slot[0] & 0xffff_ffff) &* 0x100_0000_01b3
        for index in 1..<slot.count { hash = (hash ^ slot[index]) &* 0x100_0000_01b3 }
        return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
