// SPDX-License-Identifier: GPL-2.0-or-later

/// The encrypted sessions that something is open for, by the addresses of their data connections; and the
/// addresses whose SYNs are queued.
struct EncryptedSessionTable {
    /// The addresses of a data connection's SYN before NAT.
    struct Pair: Hashable {
        let from: IPAddress
        let to: IPAddress
    }

    private var sessions: [Pair: [ConnectionStore.Slot]] = [:]
    /// Number of sessions that have the SYNs of each address queued.
    private var queued: [IPAddress: Int] = [:]
    /// The newest session that has the SYNs of each address queued; none if that has ended.
    private var newest: [IPAddress: ConnectionStore.Slot] = [:]
    private(set) var count = 0

    /// The sessions of a pair, the newest last.
    subscript(pair: Pair) -> [ConnectionStore.Slot] { sessions[pair] ?? [] }

    /// Tells whether the SYNs from an address are queued.
    func queuesSYNs(from address: IPAddress) -> Bool { queued[address] != nil }

    /// The newest session that has the SYNs of an address queued, if it has not ended.
    func newest(from address: IPAddress) -> ConnectionStore.Slot? { newest[address] }

    /// Adds a connection with its `dataPairs`; returns the addresses whose SYNs have to be queued from now on.
    mutating func insert(_ slot: ConnectionStore.Slot, _ pairs: [Pair]) -> [IPAddress] {
        count += 1
        return pairs.filter { pair in
            sessions[pair, default: []].append(slot)
            newest[pair.from] = slot
            queued[pair.from, default: 0] += 1
            return queued[pair.from] == 1
        }.map(\.from)
    }

    /// Removes a connection that was added with these pairs; returns the addresses whose SYNs need not be
    /// queued any longer.
    mutating func remove(_ slot: ConnectionStore.Slot, _ pairs: [Pair]) -> [IPAddress] {
        count -= 1
        return pairs.filter { pair in
            sessions[pair]?.removeAll { $0 === slot }
            if sessions[pair]?.isEmpty == true { sessions[pair] = nil }
            if newest[pair.from] === slot { newest[pair.from] = nil }
            let rest = (queued[pair.from] ?? 1) - 1
            queued[pair.from] = rest > 0 ? rest : nil
            return rest == 0
        }.map(\.from)
    }

    /// Calls `body` once with each connection.
    func forEach(_ body: (ConnectionStore.Slot) -> Void) {
        for (pair, slots) in sessions {
            for slot in slots where slot.connection.dataPairs.first == pair { body(slot) }
        }
    }
}

extension Connection {
    /// The pairs of addresses between which data connections may be opened: by the client, and by the server
    /// if it is allowed to.
    var dataPairs: [EncryptedSessionTable.Pair] {
        guard let session = opening?.session else { return [] }
        return ([.server] + (session.active == .yes ? [.client] : [])).map { (listener: Session.Side) in
            EncryptedSessionTable.Pair(from: ownAddress(of: listener.other), to: shownAddress(of: listener))
        }
    }
}
