/// What the opening of an encrypted session has besides: it is for many connections to many ports.
final class EncryptedSession {
    let ports: ClosedRange<UInt16>
    let active: Expectation.Access.Active
    let maximum: Int
    /// Data connections that have not ended, as far as is known: their tuples, as their SYNs have come.
    var live: [Tuple] = []
    /// When the last of them came, or the session was opened.
    var used = Instant(nanoseconds: 0)
    /// When one was refused for want of room, after conntrack had been asked which of the others had ended.
    var refused: Instant?
    /// Its control packets need not come by any more.
    var isReleased = false

    init(_ access: Expectation.Access) {
        ports = access.ports
        active = access.active
        maximum = access.maximum
    }

    var access: Expectation.Access {
        Expectation.Access(ports: ports, active: active, maximum: maximum, live: live.count)
    }

    var hasRoom: Bool { live.count < maximum }
}
