// SPDX-License-Identifier: GPL-2.0-or-later

/// The number of connections of each client: a hash table with open addressing and linear probing.
///
/// A client is identified by 44 bits of a hash with a secret seed, and an entry takes eight bytes, because
/// most clients have one connection. With a million clients, two of them collide with a probability of about
/// 3 %; these two then share one quota.
struct ClientTable {
    /// The hash in the upper bits and the count in the lower ones; 0 if the place is free.
    private var entries: [UInt64] = .init(repeating: 0, count: 16)
    /// Number of clients.
    private(set) var count = 0

    private static let countBits: UInt64 = 20
    private static let countMask: UInt64 = 1 << countBits - 1

    /// The number of connections of a client.
    func connections(of client: Client) -> Int {
        Int(entries[place(of: ClientTable.hash(client))] & ClientTable.countMask)
    }

    /// Adds a connection of a client.
    mutating func add(_ client: Client) {
        if (count + 1) * 8 > entries.count * 7 { grow() }
        let hash = ClientTable.hash(client)
        let place = place(of: hash)
        if entries[place] == 0 {
            entries[place] = hash
            count += 1
        }
        entries[place] += 1
    }

    /// Removes a connection that was added.
    mutating func remove(_ client: Client) {
        var free = place(of: ClientTable.hash(client))
        guard entries[free] != 0 else { return }
        entries[free] -= 1
        guard entries[free] & ClientTable.countMask == 0 else { return }
        count -= 1
        // Entries that were displaced behind the freed place move up, so that no search ends too early.
        var place = after(free)
        while entries[place] != 0 {
            let distance = (place - home(of: entries[place])) & (entries.count - 1)
            if distance >= (place - free) & (entries.count - 1) {
                entries[free] = entries[place]
                free = place
            }
            place = after(place)
        }
        entries[free] = 0
    }

    /// The hash of a client; the bits of the count are 0.
    private static func hash(_ client: Client) -> UInt64 {
        var hasher = Hasher()
        client.hash(into: &hasher)
        return UInt64(bitPattern: Int64(hasher.finalize())) & ~countMask
    }

    /// The place of the entry with this hash, or the free place where it belongs.
    private func place(of hash: UInt64) -> Int {
        var place = home(of: hash)
        while entries[place] != 0, entries[place] & ~ClientTable.countMask != hash { place = after(place) }
        return place
    }

    private func home(of entry: UInt64) -> Int {
        Int(truncatingIfNeeded: entry >> ClientTable.countBits) & (entries.count - 1)
    }

    private func after(_ place: Int) -> Int { (place + 1) & (entries.count - 1) }

    private mutating func grow() {
        let old = entries
        entries = .init(repeating: 0, count: old.count * 2)
        for entry in old where entry != 0 { entries[place(of: entry & ~ClientTable.countMask)] = entry }
    }
}
