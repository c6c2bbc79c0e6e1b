// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Messages
import Netfilter

/// The queues of the daemon, and what of them the service manager keeps.
///
/// Between two daemons, the manager keeps the sockets of the control and the data queue open, so that packets wait for the
/// next daemon. It does not keep that of the session queue: the SYNs in it can belong to any connection of a client, so
/// without a daemon they have to pass.
struct Queues: ~Copyable {
    let numbers: QueueNumbers
    var control: PacketQueue
    var data: PacketQueue
    var sessions: PacketQueue
    /// The queues that the manager has kept.
    private let kept: Set<UInt16>

    /// Takes over the sockets that the manager has kept, and opens the others.
    ///
    /// - Throws: An error if another process has a queue, or the kernel has none.
    static func open(
        _ numbers: QueueNumbers,
        _ inherited: inout InheritedDescriptors,
        _ notifier: borrowing ServiceNotifier
    ) throws(UserError) -> Queues {
        var kept: Set<UInt16> = []
        let control = try open(numbers.control, .drop, &inherited, notifier, &kept)
        let data = try open(numbers.data, .drop, &inherited, notifier, &kept)
        let sessions = try open(numbers.sessions, .pass, &inherited, notifier, &kept)
        // An earlier daemon can have had this number for another queue. The manager gives its copy up, this process has its own.
        if kept.remove(numbers.sessions) != nil { notifier.discard(name(of: numbers.sessions)) }
        return Queues(numbers: numbers, control: control, data: data, sessions: sessions, kept: kept)
    }

    /// Hands the manager the sockets that it is to keep and does not have yet.
    func store(with notifier: borrowing ServiceNotifier) {
        for (number, socket) in [
            (numbers.control, control.fileDescriptor), (numbers.data, data.fileDescriptor),
        ] where !kept.contains(number) {
            notifier.store(socket, as: Self.name(of: number))
        }
    }

    /// Their sockets, for `epoll`.
    var fileDescriptors: [Int32] {
        [control.fileDescriptor, data.fileDescriptor, sessions.fileDescriptor]
    }

    /// Whether there are packets whose verdict could not be sent.
    var oweVerdicts: Bool { control.owesVerdicts || data.owesVerdicts || sessions.owesVerdicts }

    /// The name of a queue's socket in the service manager's descriptor store.
    private static func name(of queue: UInt16) -> String { "queue-\(queue)" }

    private static func open(
        _ queue: UInt16,
        _ overflow: PacketQueue.Overflow,
        _ inherited: inout InheritedDescriptors,
        _ notifier: borrowing ServiceNotifier,
        _ kept: inout Set<UInt16>
    ) throws(UserError) -> PacketQueue {
        if let socket = inherited.take(name(of: queue)) {
            if let adopted = try? PacketQueue.adopt(socket, queue, overflow: overflow) {
                kept.insert(queue)
                return adopted
            }
            notifier.discard(name(of: queue))
        }
        return try Daemon.attempt {
            () throws(SystemError) in
            try PacketQueue.open(queue, overflow: overflow)
        } orElse: { error in
            guard error.code == EBUSY else {
                return Daemon.lacking("NFQUEUE", module: "nfnetlink_queue", error)
            }
            return UserError(
                "another process has queue \(queue)",
                hint: "stop it, or choose other queues in the configuration"
            )
        }
    }
}
