/// What the opening of an encrypted session has besides: it is for many connections to many ports.
final class EncryptedSession {
    let ports: ClosedRange<UInt16>
    let active: Expectation.Access.Active
    let maximum: Int
    /// Data connections that have not ended, as far as is known: their tuples, as their SYNs have come.
    ///
    /// The oldest are in front, but for those that conntrack, when it was asked, had an answer to: these have gone behind.
    private(set) var live: [Tuple] = []
    /// Those of them that somebody has answered, as far as is known.
    private(set) var answered: Set<Tuple> = []
    /// The oldest that nobody had answered when conntrack was asked for the SYN in hand.
    var unanswered: Tuple?
    /// When the server was last heard of: a packet of it has come, or conntrack has told of an answered data connection.
    ///
    /// What the client sends proves nothing: it need not reach the server.
    var heard = Instant(nanoseconds: 0)
    /// When one was refused for want of room, after conntrack had been asked which of the others had ended.
    var refused: Instant?

    init(_ access: Expectation.Access) {
        ports = access.ports
        active = access.active
        maximum = access.maximum
    }

    var access: Expectation.Access {
        Expectation.Access(ports: ports, active: active, maximum: maximum, live: live.count)
    }

    var hasRoom: Bool { live.count < maximum }
    /// Data connections of which it is not known that somebody has answered them.
    var unconfirmed: [Tuple] { live.filter { !answered.contains($0) } }

    func add(_ data: Tuple) { live.append(data) }

    /// Somebody has answered a data connection, which has not ended.
    func confirm(_ data: Tuple) {
        guard let index = live.firstIndex(of: data) else { return }
        live.append(live.remove(at: index))
        answered.insert(data)
    }

    /// Forgets a data connection; `false` if there is none.
    func remove(_ data: Tuple) -> Bool {
        guard let index = live.firstIndex(of: data) else { return false }
        live.remove(at: index)
        answered.remove(data)
        return true
    }

    /// Takes the data connections of the session that this one replaces.
    func moveConnections(from other: EncryptedSession) {
        live = other.live
        answered = other.answered
        other.live = []
        other.answered = []
    }

    /// Takes those of a record, of which nobody knows yet whether they go on.
    func restore(_ connections: [Tuple]) { live = connections }
}
