import CNetfilter
import Glibc

/// Messages to nfnetlink_queue, one after another in one buffer, encoded by libnetfilter_queue.
///
/// The bytes are overwritten with zeros when they are cleared or released: a verdict that replaces a packet can carry a
/// password.
final class QueueMessages {
    /// One setting of a queue.
    enum Setting {
        /// Sends a command (`NFQA_CFG_CMD`).
        case command(nfqnl_msg_config_cmds)
        /// Sets how many packets may wait in the kernel (`NFQA_CFG_QUEUE_MAXLEN`).
        case maximumLength(UInt32)
        /// Has each packet copied to user space, cut off after so many bytes (`NFQA_CFG_PARAMS`).
        case copyPackets(size: UInt16)
    }

    /// The messages written so far.
    private(set) var bytes: [UInt8] = []

    /// Creates an empty buffer.
    ///
    /// - Parameter capacity: Bytes to reserve. Past them the buffer moves, and its old storage is freed without being
    ///   overwritten.
    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

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
    ///   - acknowledged: Whether the kernel shall answer even if all goes well (`NLM_F_ACK`).
    func configure(_ queue: UInt16, _ settings: [Setting], sequence: UInt32, acknowledged: Bool) {
        let settingsSize = settings.count * (Self.attributeHeaderSize + Self.largestSetting)
        unsafe append(NFQNL_MSG_CONFIG, queue, attributesSize: settingsSize) { message in
            unsafe message.pointee.nlmsg_seq = sequence
            if acknowledged { unsafe message.pointee.nlmsg_flags |= UInt16(NLM_F_ACK) }
            // Sound: each call writes one attribute of at most `largestSetting` bytes behind the message.
            for setting in settings {
                switch setting {
                case .command(let command):
                    unsafe nfq_nlmsg_cfg_put_cmd(message, UInt16(AF_UNSPEC), UInt8(command.rawValue))
                case .maximumLength(let length):
                    unsafe nfq_nlmsg_cfg_put_qmaxlen(message, length)
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
            // is and every message is padded to four. libmnl writes all bytes up to `nlmsg_len`, so they are initialized.
            unsafe output.withUnsafeMutableBufferPointer { buffer, initializedCount in
                guard
                    let start = buffer.baseAddress,
                    let message = unsafe nfq_nlmsg_put(start, Int32(type.rawValue), UInt32(queue))
                else { return }
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
    /// Bytes of the largest setting, `struct nfqnl_msg_config_params`, padded to four.
    private static let largestSetting = 8
}
