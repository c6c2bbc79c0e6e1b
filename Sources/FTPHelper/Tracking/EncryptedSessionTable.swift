// SPDX-License-Identifier: GPL-2.0-or-later

/// The encrypted sessions that something is open for, by the addresses of their data connections; and the
/// addresses whose SYNs are queued.
struct EncryptedSessionTable {
    /// The addresses of a data connection's SYN before NAT.
    struct Pair: Hashable {
        let from: IPAddress
        let to: IPAddress
    }

    private var sessions: [Pair: [Connection]] = [:]
    /// Number of sessions for which each address is admitted.
    private var admitted: [IPAddress: Int] = [:]
    private(set) var count = 0

    /// The sessions of a pair, the newest last.
    subscript(pair: Pair) -> [Connection] { sessions[pair] ?? [] }

    /// Tells whether the SYNs from an address are queued.
    func isAdmitted(_ address: IPAddress) -> Bool { admitted[address] != nil }

    /// Adds a connection; returns the addresses that become admitted.
    mutating func insert(_ connection: Connection) -> [IPAddress] {
        count += 1
        return connection.dataPairs.filter { pair in
            sessions[pair, default: []].append(connection)
            admitted[pair.from, default: 0] += 1
            return admitted[pair.from] == 1
        }.map(\.from)
    }

    /// Removes a connection, which must still have its opening; returns the addresses that are no longer
    /// admitted.
    mutating func remove(_ connection: Connection) -> [IPAddress] {
        count -= 1
        return connection.dataPairs.filter { pair in
            sessions[pair]?.removeAll { $0 === connection }
            if sessions[pair]?.isEmpty == true { sessions[pair] = nil }
            let rest = (admitted[pair.from] ?? 1) - 1
            admitted[pair.from] = rest > 0 ? rest : nil
            return rest == 0
        }.map(\.from)
    }

    /// Calls `body` once with each connection.
    func forEach(_ body: (Connection) -> Void) {
        for (pair, connections) in sessions {
            for connection in connections where connection.dataPairs.first == pair { body(connection) }
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
