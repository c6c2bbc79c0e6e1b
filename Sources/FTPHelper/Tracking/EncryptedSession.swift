// SPDX-License-Identifier: GPL-2.0-or-later

/// The part of an `OpenExpectation` that only encrypted sessions have: they may open many data connections
/// to many ports.
final class EncryptedSession {
    let ports: ClosedRange<UInt16>
    let active: Expectation.Access.Active
    let maximum: Int
    /// Tuples of the data connections that are not known to have ended, as their SYNs arrived.
    ///
    /// The oldest come first, except that a connection moves to the end when conntrack reports it as
    /// answered.
    private(set) var live: [Tuple] = []
    /// The connections in `live` that are known to have been answered.
    private(set) var answered: Set<Tuple> = []
    /// When each connection in `live` was first seen to be unanswered; `nil` once that was reported.
    private var silent: [Tuple: Instant?] = [:]
    /// The oldest data connection that conntrack reported as unanswered when asked for the current SYN.
    var unanswered: Tuple?
    /// When the server last showed that it is alive: a packet from it arrived, or conntrack reported an
    /// answered data connection.
    ///
    /// Packets of the client prove nothing, because they need not reach the server.
    var heard = Instant(nanoseconds: 0)
    /// Whether a packet of the server has been seen since the session opened, so that the connection does not
    /// bypass the queue.
    var isQueued = false
    /// When a data connection was last refused because the session had its maximum, and conntrack knew none
    /// that had ended.
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
    /// Data connections that are not known to have been answered.
    var unconfirmed: [Tuple] { live.filter { !answered.contains($0) } }

    func add(_ data: Tuple) { live.append(data) }

    /// Records that conntrack reported a data connection as answered.
    func confirm(_ data: Tuple) {
        guard let index = live.firstIndex(of: data) else { return }
        live.append(live.remove(at: index))
        answered.insert(data)
        silent[data] = nil
    }

    /// Records that conntrack reported a data connection as unanswered.
    ///
    /// - Returns: the seconds since the first such report, once they are at least `seconds`; `nil` before that,
    ///   and in all later calls for the same connection.
    func suspect(_ data: Tuple, forSeconds seconds: UInt32, at now: Instant) -> UInt32? {
        guard live.contains(data) else { return nil }
        guard let known = silent[data] else {
            silent[data] = .some(now)
            return nil
        }
        guard let since = known, since.advanced(bySeconds: seconds) <= now else { return nil }
        silent[data] = .some(nil)
        return UInt32(min(since.seconds(until: now), Double(UInt32.max)))
    }

    /// Removes a data connection; returns `false` if there is none.
    func remove(_ data: Tuple) -> Bool {
        guard let index = live.firstIndex(of: data) else { return false }
        live.remove(at: index)
        answered.remove(data)
        silent[data] = nil
        return true
    }

    /// Takes over the data connections of the session that this one replaces.
    func moveConnections(from other: EncryptedSession) {
        live = other.live
        answered = other.answered
        silent = other.silent
        other.live = []
        other.answered = []
        other.silent = [:]
    }

    /// Sets the data connections from a record; they may have ended since.
    func restore(_ connections: [Tuple]) { live = connections }
}
