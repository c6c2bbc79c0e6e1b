// SPDX-License-Identifier: GPL-2.0-or-later
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

    @Test func `a packet has its input interface or bridge port`() throws {
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

    @Test func `a packet without its bytes can still get a verdict`() throws {
        let packet = try #require(parse(hex("20000000") + Self.whole[4..<32]))
        #expect(packet.id == 7)
        #expect(packet.payload == nil)
    }

    @Test func `a truncated header is no packet`() {
        var short = Self.whole
        short[20] = 7
        #expect(parse(short) == nil)
    }

    @Test func `a payload longer than its message is ignored`() throws {
        var lying = Self.whole
        lying[40] = 0xff
        let packet = try #require(parse(lying))
        #expect(packet.payload == nil)
    }

    @Test func `a packet with a truncated attribute still has its number`() throws {
        let mark = hex("0600 0300 0001 0000")  // NFQA_MARK with two bytes
        let packet = try #require(parse(hex("40000000") + Self.whole[4..<32] + mark + Self.whole[32...]))
        #expect(packet.id == 7)
        #expect(packet.mark == 0)
    }

    @Test func `unknown attributes are skipped`() throws {
        let unknown = hex("0800 ff3f 00000001 0800 4000 00000001")  // types 16383 and 64
        let packet = try #require(parse(hex("48000000") + Self.whole[4..<32] + unknown + Self.whole[32...]))
        #expect((packet.id, packet.interface) == (7, 2))
        #expect(packet.payload?.count == 10)
    }

    @Test func `a message whose padding was not received is no packet`() {
        // The receive buffer has room for it; libmnl counts it to the message.
        var short = Self.whole
        short[0] -= 2
        #expect(parse(Array(short.dropLast(2))) == nil)
    }

    @Test func `a misaligned message is no packet`() {
        let bytes = [0] + Self.whole
        var messages = NetlinkMessages(in: 1..<bytes.count)
        let message = messages.next(in: bytes.span)
        #expect(message != nil)
        #expect(message.flatMap { QueuedPacket(parsing: $0, in: bytes.span) } == nil)
    }

    @Test func `a message outside of the bytes is no packet`() {
        var messages = NetlinkMessages(in: 0..<Self.whole.count)
        let message = messages.next(in: Self.whole.span)
        let other = [UInt8](repeating: 0, count: Self.whole.count)
        #expect(message.flatMap { QueuedPacket(parsing: $0, in: other.span) } == nil)
        let short = Array(other.prefix(8))
        #expect(message.flatMap { QueuedPacket(parsing: $0, in: short.span) } == nil)
    }
}
