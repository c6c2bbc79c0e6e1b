import Netfilter
import Testing

@Suite struct QueuedPacketTests {
    private static let whole = hex(
        "38000000 0003 0000 00000000 00000000",  // NFQNL_MSG_PACKET
        "02 00 0015",
        "0b00 0100 00000007 0800 00 00",  // NFQA_PACKET_HDR: number 7, IPv4, PREROUTING
        "0800 0500 00000002",  // NFQA_IFINDEX_INDEV
        "0e00 0a00 4500000a aabbccddeeff 0000"  // NFQA_PAYLOAD
    )

    private func parse(_ bytes: [UInt8]) -> QueuedPacket? {
        var messages = NetlinkMessages(in: 0..<bytes.count)
        guard let message = messages.next(in: bytes.span) else { return nil }
        return QueuedPacket(parsing: message, in: bytes.span)
    }

    @Test func `a packet has its number and its bytes`() throws {
        let packet = try #require(parse(Self.whole))
        #expect(packet.id == 7)
        #expect(packet.payload.map { Array(Self.whole[$0]) } == hex("4500000a aabbccddeeff"))
    }

    @Test func `a packet came in by an interface, or by a port of a bridge`() throws {
        let plain = try #require(parse(Self.whole))
        #expect((plain.interface, plain.bridge) == (2, 0))
        let port = hex("0800 0700 00000003")  // NFQA_IFINDEX_PHYSINDEV
        let bridged = try #require(parse(hex("40000000") + Self.whole[4..<40] + port + Self.whole[40...]))
        #expect((bridged.interface, bridged.bridge) == (3, 2))
        #expect(bridged.payload?.count == plain.payload?.count)
    }

    @Test func `another message is no packet`() {
        var error = Self.whole
        error[4...5] = [2, 0]
        #expect(parse(error) == nil)
    }

    @Test func `a packet without its bytes can still be let go`() throws {
        let packet = try #require(parse(hex("20000000") + Self.whole[4..<32]))
        #expect(packet.id == 7)
        #expect(packet.payload == nil)
    }

    @Test func `a header cut short is no packet`() {
        var short = Self.whole
        short[20] = 7
        #expect(parse(short) == nil)
    }

    @Test func `a payload that claims more than there is is none`() throws {
        var lying = Self.whole
        lying[40] = 0xff
        let packet = try #require(parse(lying))
        #expect(packet.payload == nil)
    }
}
