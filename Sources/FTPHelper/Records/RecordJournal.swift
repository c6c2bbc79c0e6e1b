// SPDX-License-Identifier: GPL-2.0-or-later

/// The connections whose records may be out of date.
struct RecordJournal: ~Copyable {
    /// Whether records are wanted.
    private let isKept: Bool
    private var slots: [ConnectionStore.Slot] = []
    /// The record being written; a member only to reuse its storage.
    private var record = RecordWriter()

    init(isKept: Bool) { self.isKept = isKept }

    /// Adds a connection.
    mutating func note(_ slot: ConnectionStore.Slot) {
        guard isKept, !slot.isInJournal else { return }
        slot.isInJournal = true
        slots.append(slot)
    }

    /// Hands over the records of all connections in the journal, and empties it (`Tracker.takeRecords`).
    mutating func takeRecords<Failure>(
        _ keep: (_ old: Int, _ record: [UInt64]?) throws(Failure) -> Int
    ) -> Failure? {
        var failure: Failure?
        while let slot = slots.popLast() {
            slot.isInJournal = false
            let isFollowed = slot.isStored && slot.connection.isPositioned && !slot.connection.hasKernelHelper
            guard isFollowed || slot.recordPlace > 0 else { continue }
            do throws(Failure) {
                guard isFollowed else {
                    slot.recordPlace = try keep(slot.recordPlace, nil)
                    continue
                }
                try keepRecord(of: slot, .whole, keep)
            } catch {
                do throws(Failure) {
                    try keepRecord(of: slot, .least(of: slot.connection), keep)
                } catch {
                    failure = error
                }
            }
        }
        return failure
    }

    private mutating func keepRecord<Failure>(
        of slot: ConnectionStore.Slot,
        _ extent: RecordExtent,
        _ keep: (_ old: Int, _ record: [UInt64]?) throws(Failure) -> Int
    ) throws(Failure) {
        record.clear()
        slot.connection.write(into: &record, extent)
        record.finish()
        slot.recordPlace = try keep(slot.recordPlace, record.words)
    }
}
