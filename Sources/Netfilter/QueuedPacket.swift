// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter

/// A packet that waits for a verdict, from an `NFQNL_MSG_PACKET` message.
package struct QueuedPacket {
    /// The packet's number in its queue, which the verdict names.
    package let id: UInt32
    /// Where the packet lies in the received bytes, from the IP header on; `nil` if the kernel did not copy it.
    package let payload: Range<Int>?
    /// The index of the interface that the packet came in by; 0 if this host sent it (`NFQA_IFINDEX_INDEV`).
    ///
    /// If a bridge received it, the index of the bridge's port (`NFQA_IFINDEX_PHYSINDEV`).
    package let interface: UInt32
    /// The index of the bridge that the port belongs to; 0 if the packet did not come in by a bridge.
    package let bridge: UInt32
    /// The packet's mark, which can influence its route; 0 if it has none (`NFQA_MARK`).
    package let mark: UInt32

    package init(
        id: UInt32,
        payload: Range<Int>?,
        interface: UInt32 = 0,
        bridge: UInt32 = 0,
        mark: UInt32 = 0
    ) {
        self.id = id
        self.payload = payload
        self.interface = interface
        self.bridge = bridge
        self.mark = mark
    }

    /// Parses a message with libnetfilter_queue; `nil` if it has another type or lacks the packet's number.
    ///
    /// - Parameters:
    ///   - message: A message that `NetlinkMessages` found in `bytes`.
    ///   - bytes: The received bytes.
    package init?(parsing message: NetlinkMessages.Message, in bytes: borrowing Span<UInt8>) {
        guard message.type == UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(NFQNL_MSG_PACKET.rawValue) else {
            return nil
        }
        // Sound: the pointer is used during the call only.
        let packet = unsafe bytes.withUnsafeBytes { unsafe Self.parse(message, in: $0) }
        guard let packet else { return nil }
        self = packet
    }

    private static func parse(
        _ message: NetlinkMessages.Message,
        in bytes: UnsafeRawBufferPointer
    ) -> QueuedPacket? {
        guard let header = unsafe checkedHeader(of: message, in: bytes) else { return nil }
        // Sound: the library stores at most one pointer for each attribute type up to the NFQA_MAX it was built with,
        // and follows no length out of the message, which `checkedHeader` has compared with the buffer. The result is
        // not used: the library stops at an attribute that is shorter than its type, and a packet whose number came
        // before still needs a verdict.
        var attributes = unsafe Attributes(repeating: nil)
        var table = unsafe attributes.mutableSpan
        _ = unsafe table.withUnsafeMutableBufferPointer { unsafe nfq_nlmsg_parse(header, $0.baseAddress) }

        // struct nfqnl_msg_packet_hdr begins with the number.
        guard let id = unsafe number(attributes[Int(NFQA_PACKET_HDR.rawValue)]) else { return nil }
        let interface = unsafe number(attributes[Int(NFQA_IFINDEX_INDEV.rawValue)]) ?? 0
        let port = unsafe number(attributes[Int(NFQA_IFINDEX_PHYSINDEV.rawValue)]) ?? 0
        return unsafe QueuedPacket(
            id: id,
            payload: attributes[Int(NFQA_PAYLOAD.rawValue)].flatMap { unsafe range(of: $0, in: bytes) },
            interface: port == 0 ? interface : port,
            bridge: port == 0 ? 0 : interface,
            mark: number(attributes[Int(NFQA_MARK.rawValue)]) ?? 0
        )
    }

    /// One pointer for each attribute type, indexed by `NFQA_...`.
    ///
    /// The headers at hand have `NFQA_MAX` 20; a newer library may know and store more types.
    private typealias Attributes = InlineArray<64, UnsafeMutablePointer<nlattr>?>

    /// The header of a message, if the whole message with its padding lies in `bytes`, aligned to four bytes.
    private static func checkedHeader(
        of message: NetlinkMessages.Message,
        in bytes: UnsafeRawBufferPointer
    ) -> UnsafePointer<nlmsghdr>? {
        let whole = message.whole
        guard
            whole.lowerBound >= 0, whole.count >= MemoryLayout<nlmsghdr>.size + MemoryLayout<nfgenmsg>.size,
            // libmnl rounds the length up to four bytes. The kernel does not pad the last attribute, the payload.
            whole.lowerBound + (whole.count + 3) & ~3 <= bytes.count,
            let start = unsafe bytes.baseAddress?.advanced(by: whole.lowerBound),
            UInt(bitPattern: start) & 3 == 0
        else { return nil }
        // Sound: a header lies there, aligned. Its length is read again, in case `bytes` are not those walked.
        let header = unsafe start.assumingMemoryBound(to: nlmsghdr.self)
        return unsafe Int(header.pointee.nlmsg_len) == whole.count ? header : nil
    }

    /// The number, in network order, that an attribute begins with; `nil` without the attribute or if it is shorter.
    private static func number(_ attribute: UnsafeMutablePointer<nlattr>?) -> UInt32? {
        // Sound: the attribute lies in the message and its length is checked.
        guard let attribute = unsafe attribute, unsafe mnl_attr_get_payload_len(attribute) >= 4 else {
            return nil
        }
        return unsafe UInt32(bigEndian: mnl_attr_get_u32(attribute))
    }

    /// Where the value of an attribute lies in `bytes`.
    private static func range(
        of attribute: UnsafeMutablePointer<nlattr>,
        in bytes: UnsafeRawBufferPointer
    ) -> Range<Int>? {
        // Sound: the attribute lies in `bytes`, and only addresses are compared.
        guard let base = bytes.baseAddress, let value = unsafe mnl_attr_get_payload(attribute) else {
            return nil
        }
        let start = unsafe UnsafeRawPointer(value) - base
        return start..<start + Int(unsafe mnl_attr_get_payload_len(attribute))
    }
}
