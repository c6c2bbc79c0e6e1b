// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// Waits for events on descriptors, level-triggered (`epoll`).
///
/// An event is a hint: the descriptor may have been closed and its number reused since, so reading and writing must handle
/// `EAGAIN`.
package struct Poller: ~Copyable {
    /// The events to report for a descriptor; errors and hang-ups are always reported.
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

    /// The events of one descriptor.
    package struct Readiness: Hashable, Sendable {
        /// The number of the descriptor.
        package let descriptor: Int32
        /// Also set after an error or hang-up, which the next read reports.
        package let isReadable: Bool
        /// Whether a write does not block.
        package let isWritable: Bool
        /// Set after an error or hang-up (`EPOLLERR`, `EPOLLHUP`).
        package let isOver: Bool
    }

    private let descriptor: Descriptor

    private init(adopting number: Int32) {
        descriptor = Descriptor(adopting: number)
    }

    /// Creates a poller without descriptors.
    ///
    /// The corresponding C function is `epoll_create1`.
    ///
    /// - Throws: `EMFILE` or `ENFILE` if there are too many descriptors.
    package static func open() throws(SystemError) -> Poller {
        Poller(
            adopting: try SystemError.check("create an epoll instance") {
                epoll_create1(Int32(EPOLL_CLOEXEC))
            }
        )
    }

    /// The poller's own descriptor, which is readable when one of its descriptors is ready.
    package var number: Int32 { descriptor.number }

    /// Adds a descriptor.
    ///
    /// The corresponding C constant is `EPOLL_CTL_ADD`.
    ///
    /// - Throws: `EEXIST` if it is watched already, `EPERM` if it is a regular file.
    package func add(_ number: Int32, for interest: Interest) throws(SystemError) {
        try control(EPOLL_CTL_ADD, number, interest)
    }

    /// Changes the events to report for a descriptor.
    ///
    /// The corresponding C constant is `EPOLL_CTL_MOD`.
    ///
    /// - Throws: `ENOENT` if it is not watched.
    package func change(_ number: Int32, to interest: Interest) throws(SystemError) {
        try control(EPOLL_CTL_MOD, number, interest)
    }

    /// Removes a descriptor; not needed before closing it.
    ///
    /// The corresponding C constant is `EPOLL_CTL_DEL`.
    ///
    /// - Throws: `ENOENT` if it is not watched.
    package func remove(_ number: Int32) throws(SystemError) {
        try control(EPOLL_CTL_DEL, number, .reading)
    }

    private func control(_ request: Int32, _ number: Int32, _ interest: Interest) throws(SystemError) {
        _ = try SystemError.check("watch a descriptor") {
            clinux_epoll_control(descriptor.number, request, number, interest.events)
        }
    }

    /// Waits for events and calls `body` for each ready descriptor, at most 32; the next call reports the others.
    ///
    /// - Parameters:
    ///   - milliseconds: The longest time to wait; `nil` for no limit, 0 to return at once. After it, or after a signal,
    ///     `body` is not called.
    ///   - limit: The largest number of descriptors to report.
    ///   - body: Called with the events of each descriptor.
    package func wait(milliseconds: Int32?, limit: Int32 = .max, _ body: (Readiness) -> Void) {
        var ready: [32 of clinux_readiness] = .init(repeating: clinux_readiness())
        var places = ready.mutableSpan
        // Sound: the call writes at most `capacity` elements, which the buffer has.
        let count = unsafe places.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return Int32(0) }
            let capacity = min(limit, Int32(buffer.count))
            return unsafe clinux_epoll_wait(descriptor.number, start, capacity, milliseconds ?? -1)
        }
        guard count >= 0 else {
            precondition(errno == EINTR, "the epoll descriptor was closed elsewhere")
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
