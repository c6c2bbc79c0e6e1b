import CLinux
import Glibc

/// Waits until one of many descriptors is ready, level-triggered (`epoll`).
///
/// Readiness is a hint: a descriptor's number may be another file's by the time it is looked at, so that whoever
/// reads or writes must bear `EAGAIN`.
package struct Poller: ~Copyable {
    /// What a descriptor is waited for; errors and the other end's going are always reported.
    package enum Interest: Hashable, Sendable {
        case reading
        case writing
        case nothing

        fileprivate var events: UInt32 {
            switch self {
            case .reading: EPOLLIN.rawValue
            case .writing: EPOLLOUT.rawValue
            case .nothing: 0
            }
        }
    }

    /// One descriptor that is ready.
    package struct Readiness: Hashable, Sendable {
        package let descriptor: Int32
        /// Set also when the other end is gone: the next read says so.
        package let isReadable: Bool
        package let isWritable: Bool
        /// Set if nothing more can come from the other end nor reach it (`EPOLLERR`, `EPOLLHUP`).
        package let isOver: Bool
    }

    private let descriptor: Descriptor

    private init(adopting number: Int32) {
        descriptor = Descriptor(adopting: number)
    }

    /// Makes a poller that watches nothing yet.
    ///
    /// The corresponding C function is `epoll_create1`.
    package static func open() throws(SystemError) -> Poller {
        Poller(adopting: try SystemError.check("make an event poll") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    /// Becomes readable when a descriptor that it watches is ready: a poller can watch another.
    package var number: Int32 { descriptor.number }

    /// Watches one more descriptor.
    ///
    /// The corresponding C constant is `EPOLL_CTL_ADD`.
    package func add(_ number: Int32, for interest: Interest) throws(SystemError) {
        try control(EPOLL_CTL_ADD, number, interest)
    }

    /// Watches a descriptor for something else than before.
    ///
    /// The corresponding C constant is `EPOLL_CTL_MOD`.
    package func change(_ number: Int32, to interest: Interest) throws(SystemError) {
        try control(EPOLL_CTL_MOD, number, interest)
    }

    /// Watches a descriptor no longer; needless before closing it.
    ///
    /// The corresponding C constant is `EPOLL_CTL_DEL`.
    package func remove(_ number: Int32) throws(SystemError) {
        try control(EPOLL_CTL_DEL, number, .reading)
    }

    private func control(_ request: Int32, _ number: Int32, _ interest: Interest) throws(SystemError) {
        _ = try SystemError.check("watch a descriptor") {
            clinux_epoll_control(descriptor.number, request, number, interest.events)
        }
    }

    /// Waits and hands over each descriptor that is ready, at most `limit` and 32 of them; the others have their turn with the
    /// next calls.
    ///
    /// It waits `milliseconds` at most, for ever if `nil`, not at all if 0. When the time is up, or a signal that is
    /// not blocked came, `body` is not called.
    package func wait(milliseconds: Int32?, limit: Int32 = .max, _ body: (Readiness) -> Void) {
        var ready: [32 of clinux_readiness] = .init(repeating: clinux_readiness())
        var places = ready.mutableSpan
        // Sound: the call writes at most as many elements as the storage that `places` borrows has.
        let count = unsafe places.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return Int32(0) }
            let capacity = min(limit, Int32(buffer.count))
            return unsafe clinux_epoll_wait(descriptor.number, start, capacity, milliseconds ?? -1)
        }
        guard count >= 0 else {
            precondition(errno == EINTR, "the descriptor of the poller was closed by somebody else")
            return
        }
        for index in 0..<Int(count) {
            let events = places[index].events
            let isOver = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
            body(
                Readiness(
                    descriptor: places[index].descriptor,
                    isReadable: isOver || events & EPOLLIN.rawValue != 0,
                    isWritable: isOver || events & EPOLLOUT.rawValue != 0,
                    isOver: isOver
                )
            )
        }
    }
}
