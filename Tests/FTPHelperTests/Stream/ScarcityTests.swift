// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// Connections that together would have more bytes kept than there is room for.
@Suite struct ScarcityTests {
    private static let plain = NATCase.all[0].mapping
    private static let port = "PORT 10,1,0,2,19,137\r\n"

    /// A tracker that has to keep as little as it can.
    private static func scarce() -> Tracker {
        var tracker = Tracker(policy: Policy(), random: Seeded(state: 1))
        tracker.store = ConnectionStore(keepsRecords: false, size: tracker.maximumSize + 1)
        return tracker
    }

    private static func mapping(_ number: Int) -> Mapping {
        let client = Endpoint(v4(10, 16, UInt32(number >> 8), UInt32(number & 255)), 40000)
        return Mapping(untranslated: Tuple(source: client, destination: Endpoint(v4(10, 2, 0, 2), 21)))
    }

    /// What a peer sends that would have to be kept, and how many of these are more than there is room for.
    enum Hoard: CaseIterable {
        case early, unacknowledged, endless

        var connections: Int {
            switch self {
            case .early: 100
            case .unacknowledged: 400
            case .endless: 800
            }
        }

        /// Offsets of its segments, and what fills each of them.
        var segments: (offsets: [Int], text: [UInt8]) {
            switch self {
            case .early: ([1, 8001, 16001, 24001], Array(repeating: UInt8(ascii: "x"), count: 8000))
            case .unacknowledged: ([0], Array(repeating: UInt8(ascii: "\n"), count: 8000))
            case .endless: ([0], Array(repeating: UInt8(ascii: "x"), count: 4000))
            }
        }
    }

    @Test(arguments: Hoard.allCases)
    func `the bytes kept for all connections have a bound, whatever they send`(hoard: Hoard) {
        var policy = Policy()
        policy.maximumConnections = hoard.connections
        var tracker = Tracker(policy: policy, random: Seeded(state: 1))
        #expect(tracker.maximumSize == 4 << 20)
        let (offsets, text) = hoard.segments
        var largest = 0
        for number in 0..<hoard.connections {
            var dialogue = Dialogue(Self.mapping(number), tracker: tracker)
            dialogue.logIn()
            for side in [Session.Side.client, .server] {
                for offset in offsets { dialogue.carry(dialogue.segment(side, text, offset: offset)) }
            }
            largest = max(largest, dialogue.tracker.size)
            tracker = dialogue.release()
        }
        #expect(largest > tracker.maximumSize - 100_000)
        #expect(largest < tracker.maximumSize + 100_000 + hoard.connections * 1024)

        // What they had is free again when they go.
        var output = Output()
        for number in 0..<hoard.connections {
            tracker.end(Self.mapping(number), at: Instant(nanoseconds: 1), into: &output)
        }
        #expect(tracker.size == 0)
    }

    @Test(arguments: NATCase.all, [1, 1460])
    func `a session in order works as usual`(nat: NATCase, segmentSize: Int) {
        for seed in UInt64(0)..<30 {
            var network = Simulation.Network()
            network.segmentSize = segmentSize
            network.isCutting = seed % 2 == 0
            network.lossBehind = [0, 0.1][Int(seed % 2)]
            network.duplication = 0.1
            network.restlessness = 0.1
            let steps = ModelTests.dialogue(nat, transfers: 2, isPipelined: seed % 3 == 0)
            var simulation = Simulation(nat.mapping, network: network, seed: seed, tracker: Self.scarce())
            #expect(simulation.play(steps) == nil, "seed \(seed)")
        }
    }

    @Test(arguments: NATCase.all)
    func `an early segment and the line after it pass unread, and the next line is read`(
        nat: NATCase
    ) {
        var dialogue = Dialogue(nat.mapping, tracker: Self.scarce())
        dialogue.logIn()
        let (active, second) = (nat.transfers(5001).active, nat.transfers(5002).active)
        let first = dialogue.segment(.client, "NOOP\r\n".utf8)
        let early = dialogue.segment(.client, active.sent.utf8, offset: 6)
        let isHeldBack = active.sent != active.read
        #expect((dialogue.transmit(early)?.text == "") == isHeldBack)
        dialogue.transmit(first)
        if isHeldBack { dialogue.transmit(early) }
        dialogue.acknowledge(.server)
        #expect(dialogue.open == (isHeldBack ? [active.opens] : []))
        // The start of the line after the hole is unknown.
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.client, second.sent)
        #expect(dialogue.open == [second.opens])
    }

    @Test func `a line of more than 512 bytes passes unread`() {
        for count in [480, 500] {
            var dialogue = Dialogue(snat, tracker: Self.scarce())
            dialogue.logIn()
            let line = "PORT" + String(repeating: " ", count: count) + "10,1,0,2,19,137\r\n"
            dialogue.send(.client, String(line.prefix(300)))
            dialogue.send(.client, String(line.dropFirst(300)))
            #expect(dialogue.open == (count == 480 ? ["10.2.0.100:5001"] : []))
            dialogue.send(.client, Self.port)
            #expect(dialogue.open == ["10.2.0.100:5001"])
        }
    }

    @Test func `the usual limits return when there is room again`() {
        var dialogue = Dialogue(Self.plain, tracker: Self.scarce())
        dialogue.logIn()
        dialogue.tracker.policy.maximumConnections *= 2
        dialogue.transmit(dialogue.segment(.client, Self.port.utf8, offset: 6))
        dialogue.transmit(dialogue.segment(.client, "NOOP\r\n".utf8, offset: -28))
        #expect(dialogue.open == ["10.1.0.2:5001"])
    }
}
