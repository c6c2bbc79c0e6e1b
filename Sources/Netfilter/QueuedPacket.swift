import CNetfilter

/// A packet that waits for a verdict, as an `NFQNL_MSG_PACKET` tells of it.
package struct QueuedPacket {
    /// The number by which the verdict names it.
    package let id: UInt32
    /// Where its bytes lie, from the IP header on; `nil` if they did not come along.
    package let payload: Range<Int>?
    /// The index of the interface that it came in by; 0 for what this host sends itself (`NFQA_IFINDEX_INDEV`).
    ///
    /// The port of a bridge, where one hands it over (`NFQA_IFINDEX_PHYSINDEV`).
    package let interface: UInt32
    /// The bridge that has this port, which hands over what it only passes on, too; 0 if it came in by none.
    package let bridge: UInt32
    /// Its mark, by which it may be routed; 0 if it has none (`NFQA_MARK`).
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

    /// Reads a message; `nil` if it is another one, or does not say which packet it is about.
    package init?(parsing message: NetlinkMessages.Message, in bytes: borrowing Span<UInt8>) {
        guard message.type == UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(NFQNL_MSG_PACKET.rawValue) else {
            return nil
        }
        var id: UInt32?
        var payload: Range<Int>?
        var interface: UInt32 = 0
        var port: UInt32 = 0
        var mark: UInt32 = 0
        var attributes = NetlinkAttributes(in: message.attributes)
        while let attribute = attributes.next(in: bytes) {
            switch UInt32(attribute.type) {
            // struct nfqnl_msg_packet_hdr begins with the number.
            case NFQA_PACKET_HDR.rawValue: id = bytes.number(UInt32.self, at: attribute.value.prefix(4))
            case NFQA_MARK.rawValue: mark = bytes.number(UInt32.self, at: attribute.value) ?? 0
            case NFQA_IFINDEX_INDEV.rawValue: interface = bytes.number(UInt32.self, at: attribute.value) ?? 0
            case NFQA_IFINDEX_PHYSINDEV.rawValue: port = bytes.number(UInt32.self, at: attribute.value) ?? 0
            case NFQA_PAYLOAD.rawValue: payload = attribute.value
            default: break
            }
        }
        guard let id else { return nil }
        self.init(
            id: id,
            payload: payload,
            interface: port == 0 ? interface : port,
            bridge: port == 0 ? 0 : interface,
            mark: mark
        )
    }
}
