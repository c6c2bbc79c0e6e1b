// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import Glibc

/// Messages to nfnetlink_queue, one after another in one buffer, encoded by libnetfilter_queue.
///
/// The bytes are overwritten with zeros when they are cleared or released: a verdict that replaces a packet can carry a
/// password.
package final class QueueMessages {
    /// One setting of a queue.
    package enum Setting: Hashable, Sendable {
        /// Does nothing since Linux 3.8, except that the kernel checks the capability (`NFQNL_CFG_CMD_PF_BIND`).
        case checkCapability
        /// Binds the socket to the queue (`NFQNL_CFG_CMD_BIND`).
        case bind
        /// Sets how many packets may wait in the kernel (`NFQA_CFG_QUEUE_MAXLEN`).
        case maximumLength(UInt32)
        /// Lets packets pass that find the queue full (`NFQA_CFG_F_FAIL_OPEN`, Linux 3.6).
        case passWhenFull
        /// Makes the kernel copy packets to user space, cut off after `size` bytes (`NFQA_CFG_PARAMS`).
        case copyPackets(size: UInt16)
    }

    /// The messages written so far.
    package private(set) var bytes: [UInt8] = []

    /// Creates an empty buffer.
    ///
    /// - Parameter capacity: Bytes to reserve. Past them the buffer moves, and its old storage is freed without being
    ///   overwritten.
    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    deinit { clear() }

    /// Overwrites the messages with zeros and removes them; the storage is kept.
    func clear() {
        var written = bytes.mutableSpan
        written.update(repeating: 0)
        bytes.removeAll(keepingCapacity: true)
    }

    /// Appends a request to change a queue (`NFQNL_MSG_CONFIG`).
    ///
    /// - Parameters:
    ///   - queue: The number of the queue.
    ///   - settings: What to change, in order.
    ///   - sequence: `nlmsg_seq`, which the kernel repeats in its answer.
    ///   - acknowledged: Whether the kernel is to acknowledge the request (`NLM_F_ACK`).
    package func configure(
        _ queue: UInt16,
        _ settings: [Setting],
        sequence: UInt32,
        acknowledged: Bool
    ) {
        let anyFamily = UInt16(AF_UNSPEC)
        let settingsSize = settings.count * (Self.attributeHeaderSize + Self.largestSetting)
        unsafe append(NFQNL_MSG_CONFIG, queue, attributesSize: settingsSize) { message in
            unsafe message.pointee.nlmsg_seq = sequence
            if acknowledged { unsafe message.pointee.nlmsg_flags |= UInt16(NLM_F_ACK) }
            // Sound: each setting takes at most `largestSetting` bytes behind the message, and the header of an attribute.
            for setting in settings {
                switch setting {
                case .checkCapability:
                    unsafe nfq_nlmsg_cfg_put_cmd(message, anyFamily, UInt8(NFQNL_CFG_CMD_PF_BIND.rawValue))
                case .bind:
                    unsafe nfq_nlmsg_cfg_put_cmd(message, anyFamily, UInt8(NFQNL_CFG_CMD_BIND.rawValue))
                case .maximumLength(let length):
                    unsafe nfq_nlmsg_cfg_put_qmaxlen(message, length)
                case .passWhenFull:
                    for attribute in [NFQA_CFG_FLAGS, NFQA_CFG_MASK] {
                        let flag = UInt32(NFQA_CFG_F_FAIL_OPEN).bigEndian
                        unsafe mnl_attr_put_u32(message, UInt16(attribute.rawValue), flag)
                    }
                case .copyPackets(let size):
                    unsafe nfq_nlmsg_cfg_put_params(message, UInt8(NFQNL_COPY_PACKET.rawValue), Int32(size))
                }
            }
        }
    }

    /// Appends a verdict.
    ///
    /// - Parameters:
    ///   - type: `NFQNL_MSG_VERDICT` for one packet, `NFQNL_MSG_VERDICT_BATCH` for all up to it.
    ///   - queue: The number of the queue.
    ///   - id: The number of the packet.
    ///   - verdict: `NF_ACCEPT`, `NF_DROP` or `NF_REPEAT`.
    func putVerdict(_ type: nfqnl_msg_types, _ queue: UInt16, _ id: UInt32, _ verdict: Int32) {
        unsafe append(type, queue, attributesSize: Self.verdictSize) { message in
            // Sound: it writes one attribute, of `verdictSize` with its header.
            unsafe nfq_nlmsg_verdict_put(message, Int32(bitPattern: id), verdict)
        }
    }

    /// Appends the verdict that lets a packet go on with other bytes (`NFQA_PAYLOAD`).
    ///
    /// - Parameters:
    ///   - queue: The number of the queue.
    ///   - id: The number of the packet.
    ///   - packet: The new packet, from the IP header on; at most `maximumPacketSize` bytes.
    func putReplacement(_ queue: UInt16, _ id: UInt32, _ packet: [UInt8]) {
        precondition(packet.count <= Self.maximumPacketSize, "an attribute holds at most 65531 bytes")
        let packetSize = Self.attributeHeaderSize + (packet.count + 3) & ~3
        unsafe append(NFQNL_MSG_VERDICT, queue, attributesSize: Self.verdictSize + packetSize) { message in
            // Sound: they write `verdictSize` and `packetSize` bytes. The second reads the array's own bytes, during the
            // call only.
            unsafe nfq_nlmsg_verdict_put(message, Int32(bitPattern: id), NF_ACCEPT)
            unsafe nfq_nlmsg_verdict_put_pkt(message, packet, UInt32(packet.count))
        }
    }

    /// Bytes in the largest packet that `NFQA_PAYLOAD` can hold: `nla_len` has 16 bits and counts the header.
    static let maximumPacketSize = Int(UInt16.max) - attributeHeaderSize

    /// Appends one message with the attributes that `put` writes, of at most `attributesSize` bytes.
    private func append(
        _ type: nfqnl_msg_types,
        _ queue: UInt16,
        attributesSize: Int,
        _ put: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) {
        let room = Self.headersSize + attributesSize
        bytes.append(addingCapacity: room) { output in
            // Sound: there is room for the headers and the attributes, aligned to four bytes because the array's storage
            // is and every message is padded to four. The room is filled with zeros first, because libmnl 1.0.4 leaves the
            // padding of attributes as it is.
            unsafe output.withUnsafeMutableBufferPointer { buffer, initializedCount in
                guard let start = buffer.baseAddress else { return }
                unsafe start.initialize(repeating: 0, count: room)
                guard let message = unsafe nfq_nlmsg_put(start, Int32(type.rawValue), UInt32(queue)) else {
                    return
                }
                unsafe put(message)
                initializedCount = unsafe Int(message.pointee.nlmsg_len)
            }
        }
    }

    /// Bytes of `struct nlmsghdr` and `struct nfgenmsg`.
    private static let headersSize = MemoryLayout<nlmsghdr>.size + MemoryLayout<nfgenmsg>.size
    /// Bytes of `struct nlattr`.
    private static let attributeHeaderSize = MemoryLayout<nlattr>.size
    /// Bytes of `NFQA_VERDICT_HDR`.
    private static let verdictSize = attributeHeaderSize + MemoryLayout<nfqnl_msg_verdict_hdr>.size
    /// Bytes of the largest setting without the header of its first attribute: a flag and its mask.
    private static let largestSetting = 12
}
