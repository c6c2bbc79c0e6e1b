/// What the kernel says of the queues: how many packets wait in them, and how many found no room.
package struct QueueFigures: Hashable, Sendable {
    /// Where the kernel tells it, a line a queue.
    package static let path = "/proc/net/netfilter/nfnetlink_queue"

    package var waiting: UInt64 = 0
    /// Those that a full queue refused and those that the full socket of its reader did.
    package var dropped: UInt64 = 0

    package init() {}

    /// Sums up the lines of `queues` in the text of the file.
    ///
    /// A line has the queue's number, its reader's port, packets waiting, copy mode, copy range, packets dropped at
    /// the queue, packets dropped at the socket, the last packet's number, and a 1. Others are passed over.
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
