// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter

/// The verdicts on packets of one queue, in the order of the packets, as messages to the kernel.
///
/// A run of accepted packets takes one message (`NFQNL_MSG_VERDICT_BATCH`). The kernel applies it to every waiting packet
/// whose number is not greater than the one it names, so a run is written before the verdict on the packet that ends it.
package struct VerdictBatch: ~Copyable {
    /// Bytes of messages from which on the batch is full.
    ///
    /// With the verdict on one more packet of the largest size they still fit into the default send buffer.
    static let fullSize = 64 * 1024

    /// The number of the queue.
    private let queue: UInt16
    /// Bytes of messages for which storage is reserved.
    private let capacity: Int
    private var messages: QueueMessages
    /// Bytes of the messages written so far.
    package private(set) var size = 0
    /// The last packet of a run of accepted packets that is not written yet.
    private var accepted: UInt32?

    /// Creates an empty batch.
    ///
    /// - Parameters:
    ///   - queue: The number of the queue.
    ///   - capacity: Bytes of messages for which storage is reserved.
    package init(queue: UInt16, capacity: Int = 0) {
        self.queue = queue
        self.capacity = capacity
        messages = QueueMessages(capacity: capacity)
    }

    /// Lets the packet go on as it is (`NF_ACCEPT`).
    package mutating func accept(_ id: UInt32) { accepted = id }

    /// Drops the packet (`NF_DROP`).
    package mutating func drop(_ id: UInt32) {
        finish()
        write(NFQNL_MSG_VERDICT, id, NF_DROP)
    }

    /// Lets the packet go on with other bytes (`NFQA_PAYLOAD`), or drops it if there are more than 65531 of them.
    package mutating func replace(_ id: UInt32, with packet: [UInt8]) {
        guard packet.count <= QueueMessages.maximumPacketSize else { return drop(id) }
        finish()
        messages.putReplacement(queue, id, packet)
        size = messages.bytes.count
    }

    /// Sends every waiting packet through its rules again, and so into the queue again (`NF_REPEAT`).
    package mutating func repeatAll() {
        finish()
        // The kernel compares packet numbers modulo 2^32: a batch verdict covers the half of all numbers up to the one it
        // names. Two of them cover all.
        for id in [UInt32(Int32.max), UInt32.max] { write(NFQNL_MSG_VERDICT_BATCH, id, NF_REPEAT) }
    }

    /// Whether the batch has to be sent before it takes another verdict.
    package var isFull: Bool { size > VerdictBatch.fullSize }

    /// The messages written so far; after `finish`, all verdicts.
    package var bytes: [UInt8] { messages.bytes }

    /// Writes the verdict on the run of accepted packets, if there is one.
    package mutating func finish() {
        guard let last = accepted.take() else { return }
        write(NFQNL_MSG_VERDICT_BATCH, last, NF_ACCEPT)
    }

    /// Overwrites the messages with zeros and removes them; the storage is kept.
    package mutating func clear() {
        messages.clear()
        size = 0
    }

    /// Returns the messages and leaves an empty batch.
    mutating func takeMessages() -> QueueMessages {
        let taken = messages
        messages = QueueMessages(capacity: capacity)
        size = 0
        return taken
    }

    private mutating func write(_ type: nfqnl_msg_types, _ id: UInt32, _ verdict: Int32) {
        messages.putVerdict(type, queue, id, verdict)
        size = messages.bytes.count
    }
}
