// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Which connections are followed, and how they begin and begin anew.
@Suite struct ConnectionTests {
    private static let port = "PORT 10,1,0,2,19,137\r\n"

    private static func verdict(_ tracker: inout Tracker, _ packet: PacketBuilder) -> Verdict {
        var output = Output()
        let bytes = packet.bytes
        return tracker.receive(bytes.span, at: Instant(nanoseconds: 1), into: &output)
    }

    @Test func `a new connection is reported with its login state`() {
        var dialogue = Dialogue(snat)
        guard case .connection(let summary)? = dialogue.events.first else {
            Issue.record("no connection")
            return
        }
        #expect(summary.mapping == snat)
        #expect(summary.state == .greeting)
        #expect(!summary.isAdopted)
        #expect(dialogue.statistics.connectionsTotal == 1)
        dialogue.logIn()
        let now = dialogue.tracker.connections.first
        #expect(now?.state == .ready)
        #expect(now.map { String(decoding: $0.user, as: UTF8.self) } == "anonymous")
    }

    @Test func `a connection in progress is adopted as logged in`() {
        for side in [Session.Side.client, .server] {
            var dialogue = Dialogue(snat, isAdopted: true)
            #expect(dialogue.send(side, side == .client ? "NOOP\r\n" : "200 ok\r\n").count > 0)
            #expect(dialogue.tracker.connections.first?.isAdopted == true)
            #expect(dialogue.tracker.connections.first?.state == .ready)
            #expect(dialogue.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
            #expect(dialogue.open == ["10.2.0.100:5001"])
        }
    }

    @Test func `the first packet of an adopted connection may contain an announcement`() {
        var dialogue = Dialogue(snat, isAdopted: true)
        #expect(dialogue.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
        var half = Dialogue(snat, isAdopted: true)
        #expect(half.send(.client, "0,1,0,2,19,137\r\n" + Self.port).hasSuffix("PORT 10,2,0,100,19,137\r\n"))
        #expect(half.refusals.isEmpty)
    }

    @Test func `an unknown packet that cannot begin a session passes without a conntrack lookup`() {
        var tracker = Tracker(policy: Policy())
        var packet = PacketBuilder(tuple: snat.original, sequence: 1, acknowledgement: 1, flags: [.syn])
        #expect(Self.verdict(&tracker, packet) == .accept)
        packet.flags = [.rst, .ack]
        #expect(Self.verdict(&tracker, packet) == .accept)
        packet.flags = []
        #expect(Self.verdict(&tracker, packet) == .accept)
        packet.flags = [.ack]
        #expect(Self.verdict(&tracker, packet) == .accept)
        packet.tuple = snat.reply
        packet.flags = [.syn, .ack]
        #expect(Self.verdict(&tracker, packet) == .needsMapping(snat.reply))
        #expect(tracker.connectionCount == 0)
        var output = Output()
        for rubbish in [[], [0x45, 0]] as [[UInt8]] {
            let verdict = tracker.receive(rubbish.span, at: Instant(nanoseconds: 1), into: &output)
            #expect(verdict == .accept)
        }
        #expect(tracker.statistics.packets == 7)
    }

    @Test func `a connection unknown to conntrack is refused with its reason`() {
        var tracker = Tracker(policy: Policy())
        var output = Output()
        let packet = PacketBuilder(tuple: snat.reply, sequence: 1, acknowledgement: 1, flags: [.ack]).bytes
        tracker.refuseUnmapped(packet.span, into: &output)
        let refusal = Refusal(reason: .noMapping, kind: nil, connection: snat.reply, line: [])
        #expect(output.actions == [.report(.refused(refusal))])
        #expect(tracker.statistics.refused == [.noMapping: 1])
    }

    @Test func `a connection with a kernel helper is left alone`() {
        var tracker = Tracker(policy: Policy())
        var output = Output()
        tracker.learn(
            snat,
            hasKernelHelper: true,
            phase: .opening,
            at: Instant(nanoseconds: 1),
            into: &output
        )
        #expect(output.actions.isEmpty)
        var dialogue = Dialogue(snat, tracker: tracker)
        dialogue.logIn()
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.actions.isEmpty)
        #expect(dialogue.tracker.connections.isEmpty)
        // Also when the helper is gone: the lines meanwhile were not read.
        dialogue.perform { $0.learn(snat, hasKernelHelper: false, phase: .established, at: $1, into: &$2) }
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.open.isEmpty)
    }

    @Test func `nothing opens after a kernel helper takes over a connection`() {
        var dialogue = Dialogue.ready(NATCase.all[0].mapping)
        dialogue.send(.client, Self.port)
        dialogue.perform { [mapping = dialogue.mapping] in
            $0.learn(mapping, hasKernelHelper: true, phase: .established, at: $1, into: &$2)
        }
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.open.isEmpty)
    }

    @Test func `a new conntrack entry is set liberal again`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.port)
        dialogue.actions = []
        dialogue.perform { $0.learn(snat, hasKernelHelper: false, phase: .established, at: $1, into: &$2) }
        #expect(dialogue.actions == [.beLiberal(snat)])
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test func `connections beyond the maximum pass without help, and each is reported once`() {
        var policy = Policy()
        policy.maximumConnections = 2
        var tracker = Tracker(policy: policy, random: Seeded(state: 1))
        var output = Output()
        let now = Instant(nanoseconds: 1)
        for number in UInt32(1)...4 {
            let mapping = Mapping(
                untranslated: Tuple(
                    source: Endpoint(v4(10, 1, 0, number), 40000),
                    destination: Endpoint(v4(10, 2, 0, 2), 21)
                )
            )
            output.clear()
            var packet = PacketBuilder(
                tuple: mapping.reply,
                sequence: 0,
                acknowledgement: 1,
                flags: [.syn, .ack]
            ).bytes
            var verdict = tracker.receive(packet.span, at: now, into: &output)
            guard number > 2 else {
                // Adopted, and so logged in.
                #expect(verdict == .needsMapping(mapping.reply))
                tracker.noteEarlier(mapping)
                tracker.learn(mapping, hasKernelHelper: false, phase: .established, at: now, into: &output)
                packet = PacketBuilder(tuple: mapping.reply, sequence: 1, acknowledgement: 1).bytes
                #expect(tracker.receive(packet.span, at: now, into: &output) == .accept)
                continue
            }
            #expect(verdict == .accept)
            let refusal = Refusal(reason: .tableFull, kind: nil, connection: mapping.original, line: [])
            #expect(output.actions == [.report(.refused(refusal))])
            output.clear()
            packet =
                PacketBuilder(
                    tuple: mapping.original,
                    sequence: 1,
                    acknowledgement: 1,
                    payload: Array(Self.port.utf8)
                ).bytes
            verdict = tracker.receive(packet.span, at: now, into: &output)
            #expect(verdict == .accept)
            #expect(output.actions.isEmpty)
        }
        #expect(tracker.statistics.refused == [.tableFull: 2])
    }

    @Test func `lookups find the right connection among many that come and go`() throws {
        var random = Seeded(state: 11)
        var policy = Policy()
        policy.maximumConnections = 5000
        var tracker = Tracker(policy: policy, random: Seeded(state: 1))
        var output = Output()
        let now = Instant(nanoseconds: 1)
        let mappings = (0..<1500).map { number in
            let port = UInt16(1024 + number)
            return Mapping(
                original: Tuple(
                    source: Endpoint(v4(10, 1, 0, UInt32(number % 7)), port),
                    destination: Endpoint(v4(10, 2, 0, 2), 21)
                ),
                reply: Tuple(
                    source: Endpoint(v4(10, 2, 0, 2), 21),
                    destination: Endpoint(v4(10, 2, 0, 100), port)
                )
            )
        }
        var known: Set<Int> = []
        for _ in 0..<20000 {
            let number = Int.random(in: 0..<mappings.count, using: &random)
            let mapping = mappings[number]
            output.clear()
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                tracker.earlier.insert(mapping, entryID: 0)
                tracker.learn(mapping, hasKernelHelper: false, phase: .established, at: now, into: &output)
                known.insert(number)
            case 1:
                tracker.end(mapping, at: now, into: &output)
                known.remove(number)
            default:
                let tuple = random.next() % 2 == 0 ? mapping.original : mapping.reply
                let packet = PacketBuilder(tuple: tuple, sequence: 1, acknowledgement: 1, flags: [.ack]).bytes
                let segment = try Segment(parsing: packet.span)
                let isUnknown = !tracker.follows(segment)
                if !isUnknown { _ = tracker.receive(packet.span, at: now, into: &output) }
                guard isUnknown == !known.contains(number) else {
                    Issue.record("connection \(number) is \(isUnknown ? "lost" : "still there")")
                    return
                }
            }
        }
        for number in known { tracker.end(mappings[number], at: now, into: &output) }
        #expect(tracker.connectionCount == 0)
        #expect(tracker.nextDeadline == nil)
    }

    // MARK: Tuples used again

    @Test func `a reused tuple begins a new connection`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.port)
        dialogue.send(.server, "200 ok\r\n", flags: [.fin, .ack])
        dialogue.send(.client, "", flags: [.fin, .ack])
        let tracker = dialogue.release()
        var next = Dialogue(snat, tracker: tracker, initial: 0x1234_5678)
        #expect(next.tracker.connectionCount == 1)
        #expect(next.tracker.connections.first?.state == .greeting)
        #expect(next.send(.client, Self.port) == Self.port)
        #expect(next.refusals == [.notLoggedIn])
        next.send(.server, "220 hi\r\n530 no\r\n")
        next.send(.client, "USER x\r\n")
        #expect(next.received.server.hasSuffix("USER x\r\n"))
        next.send(.server, "230 ok\r\n")
        #expect(next.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
    }

    @Test func `a reused tuple may have another NAT mapping`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.port)
        var mapping = snat
        mapping.reply.destination = Endpoint(v4(10, 2, 0, 101), 50000)
        var next = Dialogue(mapping, tracker: dialogue.release(), initial: 99)
        #expect(next.tracker.connectionCount == 1)
        next.logIn()
        #expect(next.send(.client, Self.port) == "PORT 10,2,0,101,19,137\r\n")
        #expect(next.open == ["10.2.0.101:5001"])
        // The tuples of the old mapping belong to no connection.
        var packet = PacketBuilder(tuple: snat.reply, sequence: 1, acknowledgement: 1, flags: [.syn, .ack])
        var output = Output()
        var bytes = packet.bytes
        var verdict = next.tracker.receive(bytes.span, at: next.now, into: &output)
        #expect(verdict == .needsMapping(snat.reply))
        packet.tuple = mapping.reply
        packet.flags = [.ack]
        bytes = packet.bytes
        verdict = next.tracker.receive(bytes.span, at: next.now, into: &output)
        #expect(verdict != .needsMapping(mapping.reply))
    }

    @Test func `a retransmitted SYN-ACK changes nothing`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.port)
        let arrival = dialogue.transmit(dialogue.handshake)
        #expect(arrival?.sequence == dialogue.handshake.sequence)
        #expect(dialogue.open == ["10.2.0.100:5001"])
        #expect(dialogue.tracker.connections.first?.state == .ready)
    }
}
