import FTPHelper
import Testing

@Suite struct RoomTests {
    /// A SYN-ACK to a client of its own.
    private func handshake(_ number: UInt16) -> (Mapping, [UInt8]) {
        let mapping = Mapping(
            untranslated: Tuple(
                source: Endpoint(v4(10, 1, 0, 2), 40000 + number),
                destination: Endpoint(v4(10, 2, 0, 2), 21)
            )
        )
        let packet = PacketBuilder(
            tuple: mapping.reply,
            sequence: 0,
            acknowledgement: 1,
            flags: [.syn, .ack]
        )
        return (mapping, packet.bytes)
    }

    @Test func `closed connections make room for new ones, the one closed first before the others`() {
        var policy = Policy()
        policy.maximumConnections = 2
        var tracker = Tracker(policy: policy)
        var output = Output()
        let now = Instant(nanoseconds: 1)
        for number: UInt16 in 0..<10 {
            let (mapping, packet) = handshake(number)
            output.clear()
            #expect(tracker.receive(packet.span, at: now, into: &output) == .needsMapping(mapping.reply))
            tracker.learn(mapping, isHelped: false, at: now, into: &output)
            #expect(tracker.receive(packet.span, at: now, into: &output) == .accept)
            #expect(tracker.connectionCount == 1)
            let end = PacketBuilder(
                tuple: mapping.original,
                sequence: 1,
                acknowledgement: 1,
                flags: [.rst, .ack]
            )
            #expect(tracker.receive(end.bytes.span, at: now, into: &output) == .accept)
            #expect(tracker.connectionCount == 0)
        }
        #expect(tracker.statistics.refused.isEmpty)
    }
}
