// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct CapturedPacketTests {
    private static let text = Array("NOOP\r\n".utf8)

    private static let packets = [("10.1.0.2", "10.2.0.2"), ("fd01::2", "fd02::2")].map { client, server in
        PacketBuilder(
            tuple: Tuple(
                source: Endpoint(address(client), 40112),
                destination: Endpoint(address(server), 21)
            ),
            sequence: 7,
            acknowledgement: 9,
            payload: text
        ).bytes
    }

    /// The packet with another number in its length field.
    private static func with(_ length: UInt16, _ packet: [UInt8]) -> [UInt8] {
        var packet = packet
        let offset = packet[0] >> 4 == 4 ? 2 : 4
        packet[offset] = UInt8(length >> 8)
        packet[offset + 1] = UInt8(length & 0xff)
        return packet
    }

    private static func repaired(_ packet: [UInt8], missing: Int = 0) -> [UInt8]? {
        CapturedPacket.repaired(packet.span, missing: missing)
    }

    private static func payload(_ packet: [UInt8]) throws -> [UInt8] {
        let segment = try Segment(parsing: packet.span)
        return Array(packet[segment.payloadOffset..<segment.end])
    }

    @Test(arguments: packets)
    func `a complete packet is not repaired, with or without padding`(_ packet: [UInt8]) {
        #expect(CapturedPacketTests.repaired(packet, missing: 0) == nil)
        #expect(CapturedPacketTests.repaired(packet + [0, 0, 0], missing: 100) == nil)
    }

    @Test(arguments: packets)
    func `a length of 0 reaches to the end of the frame`(_ packet: [UInt8]) throws {
        let repaired = try #require(
            CapturedPacketTests.repaired(CapturedPacketTests.with(0, packet), missing: 0)
        )
        #expect(repaired == packet)
    }

    @Test(arguments: packets)
    func `a truncated packet ends where the capture cut it, down to its headers`(_ packet: [UInt8]) throws {
        let header = packet.count - CapturedPacketTests.text.count
        for missing in 1...CapturedPacketTests.text.count {
            let cut = Array(packet.dropLast(missing))
            let repaired = try #require(CapturedPacketTests.repaired(cut, missing: missing))
            #expect(try CapturedPacketTests.payload(repaired) == Array(packet[header..<cut.count]))
        }
        for count in 0..<header {
            let cut = Array(packet.prefix(count))
            let repaired = CapturedPacketTests.repaired(cut, missing: packet.count - count) ?? cut
            #expect(throws: SegmentError.self) { try Segment(parsing: repaired.span) }
        }
    }

    @Test(arguments: packets)
    func `a packet that was shorter than its length on the wire is left unchanged`(_ packet: [UInt8]) {
        let cut = Array(packet.dropLast(3))
        #expect(CapturedPacketTests.repaired(cut, missing: 0) == nil)
        #expect(CapturedPacketTests.repaired(cut, missing: 2) == nil)
    }

    @Test(arguments: packets)
    func `a packet longer than its length field can say is truncated`(_ packet: [UInt8]) throws {
        let long = CapturedPacketTests.with(0, packet) + [UInt8](repeating: 65, count: 70000)
        let repaired = try #require(CapturedPacketTests.repaired(long, missing: 0))
        #expect(repaired.count == (packet[0] >> 4 == 4 ? 65535 : 65535 + 40))
        #expect(try CapturedPacketTests.payload(repaired).starts(with: CapturedPacketTests.text))
    }

    @Test func `bytes that are no IP packet are left unchanged`() {
        #expect(CapturedPacketTests.repaired([], missing: 5) == nil)
        #expect(CapturedPacketTests.repaired([0, 0, 0, 0, 0, 0, 0, 0], missing: 5) == nil)
    }
}
