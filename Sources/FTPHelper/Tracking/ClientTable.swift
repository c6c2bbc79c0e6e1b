/// How many connections each client has: open addressing with linear probing.
///
/// A client is known by 44 bits of a hash whose seed nobody outside knows, and takes eight bytes a place: most clients have one
/// connection. Should two of a million ever be taken for one, once in thirty times that there are so many, they share what
/// one of them may have.
struct ClientTable {
    /// A hash in the upper bits and a count in the lower ones; 0 where the place is free.
    private var entries: [UInt64] = .init(repeating: 0, count: 16)
    /// How many clients there are.
    private(set) var count = 0

    private static let countBits: UInt64 = 20
    private static let countMask: UInt64 = 1 << countBits - 1

    /// How many connections a client has.
    func connections(of client: Client) -> Int {
        Int(entries[place(of: ClientTable.hash(client))] & ClientTable.countMask)
    }

    /// Counts one connection more.
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

    /// Counts one connection less, of those that were added.
    mutating func remove(_ client: Client) {
        var free = place(of: ClientTable.hash(client))
        guard entries[free] != 0 else { return }
        entries[free] -= 1
        guard entries[free] & ClientTable.countMask == 0 else { return }
        count -= 1
        // What was pushed behind the place by others moves up, so that no search ends too early.
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

    /// The hash of a client, with room for a count below it.
    private static func hash(_ client: Client) -> UInt64 {
        var hasher = Hasher()
        client.hash(into: &hasher)
        return UInt64(bitPattern: Int64(hasher.finalize())) & ~countMask
    }

    /// Where the entry of a hash is, or would be.
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
