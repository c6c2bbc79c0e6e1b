/// Encrypted sessions with an opening, by who may connect to whom; and the addresses whose SYNs are worth a look.
struct EncryptedSessionTable {
    /// Addresses of a data connection's SYN, before any NAT.
    struct Pair: Hashable {
        let from: IPAddress
        let to: IPAddress
    }

    private var sessions: [Pair: [Connection]] = [:]
    /// How many sessions each address is admitted for.
    private var admitted: [IPAddress: Int] = [:]
    private(set) var count = 0

    /// The sessions of these two, the newest last.
    subscript(pair: Pair) -> [Connection] { sessions[pair] ?? [] }

    func isAdmitted(_ address: IPAddress) -> Bool { admitted[address] != nil }

    /// Adds a connection and returns the addresses that it is the first to have.
    mutating func insert(_ connection: Connection) -> [IPAddress] {
        count += 1
        return connection.dataPairs.filter { pair in
            sessions[pair, default: []].append(connection)
            admitted[pair.from, default: 0] += 1
            return admitted[pair.from] == 1
        }.map(\.from)
    }

    /// Takes a connection out, while it still has its opening, and returns the addresses that it was the last to have.
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

    /// Calls `body` with every connection once.
    func forEach(_ body: (Connection) -> Void) {
        for (pair, connections) in sessions {
            for connection in connections where connection.dataPairs.first == pair { body(connection) }
        }
    }
}

extension Connection {
    /// Who may open data connections to whom: the client, and the server where it may.
    var dataPairs: [EncryptedSessionTable.Pair] {
        guard let session = opening?.session else { return [] }
        return ([.server] + (session.active == .yes ? [.client] : [])).map { (listener: Session.Side) in
            EncryptedSessionTable.Pair(from: ownAddress(of: listener.other), to: shownAddress(of: listener))
        }
    }
}
