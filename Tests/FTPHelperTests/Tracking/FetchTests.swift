// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Packets of a batch are looked at together before each has its turn.
@Suite struct FetchTests {
    private static let now = Instant(nanoseconds: 1)

    /// More connections than a cache is taken to hold.
    private static let mappings = (0..<5000).map { number in
        let server = Endpoint(.v4(0x0a02_0002), 21)
        return Mapping(
            original: Tuple(source: Endpoint(.v4(0x0a10_0000 + UInt32(number)), 40000), destination: server),
            reply: Tuple(source: server, destination: Endpoint(.v4(0x0a02_0064), 1024 + UInt16(number)))
        )
    }

    private static func packet(_ tuple: Tuple, _ text: String = "") -> [UInt8] {
        PacketBuilder(
            tuple: tuple,
            sequence: 1000,
            acknowledgement: 1000,
            flags: [.ack],
            payload: Array(text.utf8)
        ).bytes
    }

    /// The results of a batch during which a connection ends, and the statistics; with prefetching if `fetches`.
    private static func outcome(fetches: Bool) -> [String] {
        var policy = Policy()
        policy.maximumConnections = 10_000
        var tracker = Tracker(policy: policy, random: Seeded(state: 1))
        var output = Output()
        for mapping in mappings {
            tracker.noteEarlier(mapping)
            tracker.learn(mapping, hasKernelHelper: false, phase: .established, at: now, into: &output)
            let first = packet(mapping.original)
            _ = tracker.receive(first.span, at: now, into: &output)
        }
        var packets = stride(from: 0, to: 5000, by: 700).map {
            packet(mappings[$0].original, "PORT 10,16,\($0 >> 8),\($0 & 255),19,137\r\n")
        }
        packets += [[], packet(snat.original), packet(mappings[0].reply), packet(mappings[4900].reply)]
        var arrivals: [HashedSegment?] = []
        for packet in packets { arrivals.append(HashedSegment(packet.span)) }
        if fetches { tracker.prefetch(arrivals) }
        var outcome: [String] = []
        for (number, packet) in packets.enumerated() {
            output.clear()
            let verdict = tracker.receive(packet.span, arrivals[number], at: now, into: &output)
            outcome.append("\(verdict) \(output.packet) \(output.actions)")
            if number == 3 { tracker.end(mappings[4900], at: now, into: &output) }
        }
        return outcome + ["\(tracker.statistics)", "\(tracker.connectionCount)"]
    }

    @Test func `a prefetch changes nothing but the time`() {
        let outcome = Self.outcome(fetches: true)
        #expect(outcome == Self.outcome(fetches: false))
        #expect(outcome[0].hasPrefix("replace"), "\(outcome[0])")
        #expect(outcome[8].hasPrefix("accept"), "\(outcome[8])")
        #expect(outcome[9].hasPrefix("accept"), "\(outcome[9])")
    }
}
