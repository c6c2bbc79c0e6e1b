import CNetfilter
import Glibc

/// The verdicts on packets of one queue, in the order of the packets, as messages for the kernel.
///
/// A run of accepted packets takes one message (`NFQNL_MSG_VERDICT_BATCH`). The kernel takes that for every packet that
/// waits and came no later than the one named, so a run is written before the verdict that ends it.
package struct VerdictBatch {
    /// The number of the queue.
    private let queue: UInt16
    private var writer: NetlinkWriter
    /// The last packet of a run of accepted ones that is not written yet.
    private var accepted: UInt32?

    /// - Parameters:
    ///   - queue: The number of the queue.
    ///   - capacity: Bytes of messages for which there is room at once.
    package init(queue: UInt16, capacity: Int = 0) {
        self.queue = queue
        writer = NetlinkWriter(capacity: capacity)
    }

    /// Lets the packet go on as it is (`NF_ACCEPT`).
    package mutating func accept(_ id: UInt32) { accepted = id }

    /// Lets the packet go no further (`NF_DROP`).
    package mutating func drop(_ id: UInt32) {
        finish()
        write(NFQNL_MSG_VERDICT, NF_DROP, id)
    }

    /// Lets the packet go on with other bytes (`NFQA_PAYLOAD`); drops it if they are more than fit.
    package mutating func replace(_ id: UInt32, with packet: [UInt8]) {
        guard packet.count <= NetlinkWriter.maximumValueSize else { return drop(id) }
        finish()
        write(NFQNL_MSG_VERDICT, NF_ACCEPT, id) { $0.put(NFQA_PAYLOAD.rawValue, bytes: packet) }
    }

    /// Sends every packet that waits through its rules once more, and so into the queue again (`NF_REPEAT`).
    package mutating func repeatAll() {
        finish()
        // What waits came no later than a number if that is less than half of all numbers behind: two cover them all.
        for id in [UInt32(Int32.max), UInt32.max] { write(NFQNL_MSG_VERDICT_BATCH, NF_REPEAT, id) }
    }

    /// The messages written so far; all of them after `finish`.
    package var bytes: [UInt8] { writer.bytes }

    /// Writes the run that has no end yet.
    package mutating func finish() {
        guard let last = accepted.take() else { return }
        write(NFQNL_MSG_VERDICT_BATCH, NF_ACCEPT, last)
    }

    /// Bytes of the messages so far.
    package var size: Int { writer.bytes.count }

    /// Forgets the messages and keeps their storage.
    package mutating func clear() { writer.clear() }

    private mutating func write(
        _ command: nfqnl_msg_types,
        _ verdict: Int32,
        _ id: UInt32,
        _ options: (inout NetlinkWriter) -> Void = { _ in }
    ) {
        writer.message(
            subsystem: Int32(NFNL_SUBSYS_QUEUE),
            command: command.rawValue,
            flags: 0,
            sequence: 0,
            family: AF_UNSPEC,
            resource: queue
        ) {
            // struct nfqnl_msg_verdict_hdr: the verdict, then the packet's number.
            $0.put(NFQA_VERDICT_HDR.rawValue, UInt64(verdict) << 32 | UInt64(id))
            options(&$0)
        }
    }
}
