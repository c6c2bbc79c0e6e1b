// SPDX-License-Identifier: GPL-2.0-or-later

/// A hash table of connections with open addressing and linear probing.
///
/// A place takes twelve bytes, because the key itself is not stored; the caller compares the connection's
/// own. Hashes must come from `Hasher`, whose seed is secret.
struct ConnectionTable {
    typealias Slot = ConnectionStore.Slot

    /// 0 if the place is free.
    private var hashes: [UInt32] = .init(repeating: 0, count: 16)
    private var slots: [Slot?] = .init(repeating: nil, count: 16)
    private(set) var count = 0

    /// The hash of a key, never 0.
    static func hash(_ key: some Hashable) -> UInt32 {
        var hasher = Hasher()
        key.hash(into: &hasher)
        return max(UInt32(truncatingIfNeeded: hasher.finalize()), 1)
    }

    /// Returns the first connection with this hash for which `isMeant` is true.
    func first(_ hash: UInt32, where isMeant: (Slot) -> Bool) -> Slot? {
        var place = home(of: hash)
        while hashes[place] != 0 {
            if hashes[place] == hash, let slot = slots[place], isMeant(slot) {
                return slot
            }
            place = after(place)
        }
        return nil
    }

    /// Adds a connection under a hash; it must not be there under the same key.
    mutating func insert(_ slot: Slot, _ hash: UInt32) {
        if (count + 1) * 4 > hashes.count * 3 { grow() }
        put(slot, hash)
        count += 1
    }

    /// Removes a connection that was added with this hash.
    mutating func remove(_ slot: Slot, _ hash: UInt32) {
        var free = home(of: hash)
        while hashes[free] != hash || slots[free] !== slot {
            guard hashes[free] != 0 else { return }
            free = after(free)
        }
        count -= 1
        // Entries that were displaced behind the freed place move up, so that no search ends too early.
        var place = after(free)
        while hashes[place] != 0 {
            let distance = (place - home(of: hashes[place])) & (hashes.count - 1)
            if distance >= (place - free) & (hashes.count - 1) {
                hashes[free] = hashes[place]
                slots[free] = slots[place]
                free = place
            }
            place = after(place)
        }
        hashes[free] = 0
        slots[free] = nil
    }

    /// Calls `body` with each connection, once for each time it was added.
    func forEach(_ body: (Slot) -> Void) {
        for slot in slots {
            if let slot { body(slot) }
        }
    }

    private func home(of hash: UInt32) -> Int { Int(hash) & (hashes.count - 1) }
    private func after(_ place: Int) -> Int { (place + 1) & (hashes.count - 1) }

    private mutating func put(_ slot: Slot, _ hash: UInt32) {
        var place = home(of: hash)
        while hashes[place] != 0 { place = after(place) }
        hashes[place] = hash
        slots[place] = slot
    }

    private mutating func grow() {
        let old = (hashes, slots)
        hashes = .init(repeating: 0, count: old.0.count * 2)
        slots = .init(repeating: nil, count: old.0.count * 2)
        for (hash, slot) in zip(old.0, old.1) {
            if let slot { put(slot, hash) }
        }
    }
}

/// Prefetching for `Tracker.prefetch`. The returned values mean nothing, but without them the compiler would
/// remove the loads.
extension ConnectionTable {
    /// Touches the place where a search for this hash begins.
    func prefetchPlace(_ hash: UInt32) -> Int {
        let place = home(of: hash)
        return Int(hashes[place]) &+ (slots[place] == nil ? 0 : 1)
    }

    /// Touches the first connection with this hash.
    mutating func prefetchSlot(_ hash: UInt32, _ body: (Slot) -> Int) -> Int {
        var place = home(of: hash)
        while hashes[place] != hash {
            guard hashes[place] != 0 else { return 0 }
            place = after(place)
        }
        // The reference count is in the object's first cache line, which is about to be written.
        return (slots[place].map(body) ?? 0) &+ (isKnownUniquelyReferenced(&slots[place]) ? 1 : 0)
    }
}
