// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct BarePacketTests {
    @Test(arguments: [("10.1.0.2", "10.2.0.2"), ("fd01::2", "fd02:1:2:3:4:5:6:7")])
    func `an RST is a complete packet without payload`(source: String, destination: String) throws {
        let tuple = Tuple(
            source: Endpoint(address(source), 40112),
            destination: Endpoint(address(destination), 21)
        )
        let packet = BarePacket.bytes(
            tuple,
            [.rst, .ack],
            sequence: SequenceNumber(0xfeed_beef),
            acknowledgement: SequenceNumber(0x1234_5678)
        )
        #expect(hasRightChecksums(packet))
        let segment = try Segment(parsing: packet.span)
        #expect(segment.tuple == tuple)
        #expect(segment.sequence.value == 0xfeed_beef)
        #expect(segment.acknowledgement.value == 0x1234_5678)
        #expect(segment.flags == [.rst, .ack])
        #expect(segment.payloadCount == 0)
        #expect(segment.end == packet.count)
        #expect(packet[segment.tcpOffset - (packet[0] >> 4 == 4 ? 12 : 33)] == 64, "hops left")
    }

    @Test func `a packet cannot have addresses of two families`() {
        let tuple = Tuple(
            source: Endpoint(address("10.1.0.2"), 1),
            destination: Endpoint(address("fd02::2"), 2)
        )
        let packet = BarePacket.bytes(
            tuple,
            [.ack],
            sequence: SequenceNumber(0),
            acknowledgement: SequenceNumber(0)
        )
        #expect(packet.isEmpty)
    }
}
