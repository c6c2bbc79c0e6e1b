import CNetfilter

/// A packet that waits for a verdict, as an `NFQNL_MSG_PACKET` tells of it.
package struct QueuedPacket {
    /// The number by which the verdict names it.
    package let id: UInt32
    /// Where its bytes lie, from the IP header on; `nil` if they did not come along.
    package let payload: Range<Int>?

    package init(id: UInt32, payload: Range<Int>?) {
        self.id = id
        self.payload = payload
    }

    /// Reads a message; `nil` if it is another one, or does not say which packet it is about.
    package init?(parsing message: NetlinkMessages.Message, in bytes: borrowing Span<UInt8>) {
        // struct nfqnl_msg_packet_hdr begins with the number.
        guard
            message.type == UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(NFQNL_MSG_PACKET.rawValue),
            let header = bytes.attribute(NFQA_PACKET_HDR.rawValue, in: message.attributes),
            let id = bytes.number(UInt32.self, at: header.prefix(4))
        else { return nil }
        self.init(id: id, payload: bytes.attribute(NFQA_PAYLOAD.rawValue, in: message.attributes))
    }
}
