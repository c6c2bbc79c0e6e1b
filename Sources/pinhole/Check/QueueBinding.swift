import Netfilter

/// A queue that a process has bound, as `/proc/net/netfilter/nfnetlink_queue` tells of it.
struct QueueBinding: Hashable, Sendable {
    let queue: UInt16
    /// The port of the netlink socket through which it was bound.
    let port: UInt32

    /// Every queue bound in this network namespace; none where the kernel has no NFQUEUE.
    static var all: [QueueBinding] {
        (try? TextFile.read("/proc/net/netfilter/nfnetlink_queue")).map(parse) ?? []
    }

    /// The columns are: queue number, port, packets waiting, copy mode, copy range, ...
    static func parse(_ text: String) -> [QueueBinding] {
        text.split(separator: "\n").compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 1, let queue = UInt16(columns[0]), let port = UInt32(columns[1]) else {
                return nil
            }
            return QueueBinding(queue: queue, port: port)
        }
    }
}
