// SPDX-License-Identifier: GPL-2.0-or-later

/// The kernel's figures of the queues: packets waiting, and packets dropped.
package struct QueueFigures: Hashable, Sendable {
    /// The kernel's file, with one line per queue.
    package static let path = "/proc/net/netfilter/nfnetlink_queue"

    package var waiting: UInt64 = 0
    /// Packets dropped because the queue or the socket of its reader was full.
    package var dropped: UInt64 = 0

    package init() {}

    /// Sums up the lines of these queues in the text of the file.
    ///
    /// A line has the queue's number, its reader's port, packets waiting, copy mode, copy range, packets dropped at
    /// the queue, packets dropped at the socket, the last packet's number, and a 1. Lines of other queues are skipped.
    package init(parsing text: String, queues: [UInt16]) {
        for line in text.split(separator: "\n") {
            let columns = line.split(separator: " ").map { UInt64($0) }
            guard columns.count >= 7, let number = columns[0].flatMap({ UInt16(exactly: $0) }),
                queues.contains(number), let waiting = columns[2], let full = columns[5],
                let overrun = columns[6]
            else { continue }
            self.waiting += waiting
            dropped += full + overrun
        }
    }
}
