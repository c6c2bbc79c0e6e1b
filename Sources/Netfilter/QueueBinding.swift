// SPDX-License-Identifier: GPL-2.0-or-later
import Linux

/// A queue that a process has bound, from `/proc/net/netfilter/nfnetlink_queue`.
package struct QueueBinding: Hashable, Sendable {
    /// The number of the queue (`--queue-num`).
    package let queue: UInt16
    /// The port of the netlink socket through which it was bound.
    package let port: UInt32

    /// Every bound queue of this network namespace; empty if the kernel has no NFQUEUE or does not show them.
    package static var all: [QueueBinding] { text.map(parse) ?? [] }

    /// Tells whether the file can be read: root of an unprivileged container cannot read it.
    package static var areVisible: Bool { text != nil }

    private static var text: String? { try? TextFile.read("/proc/net/netfilter/nfnetlink_queue") }

    /// The columns are: queue number, port, packets waiting, copy mode, copy range, ...
    package static func parse(_ text: String) -> [QueueBinding] {
        text.split(separator: "\n").compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 1, let queue = UInt16(columns[0]), let port = UInt32(columns[1]) else {
                return nil
            }
            return QueueBinding(queue: queue, port: port)
        }
    }
}
