// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Doors that stay shut: what attackers send so as to be taken as logged in, or to have a line read where none begins.
@Suite struct IntrusionTests {
    private static let port = "PORT 10,1,0,2,19,137\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: 10.2.0.2:21\r\n\r\nUSER a\r\nPASS b\r\n\(port)"
    private static let routed = NATCase.all[0].mapping

    /// Says what a browser can be made to say, and what a server can answer that wants it taken for FTP.
    private func slipstream(_ dialogue: inout Dialogue) {
        dialogue.send(.server, "220 hi\r\n")
        dialogue.send(.client, Self.post)
        dialogue.send(.server, "331 pw\r\n230 in\r\n")
        dialogue.send(.client, Self.port)
    }

    // MARK: How a connection begins

    @Test(arguments: NATCase.all)
    func `a connection that begins with a bare ACK is not adopted, and its SYN-ACK begins it`(nat: NATCase) {
        var early = Dialogue(nat.mapping).handshake
        early.flags = [.ack]
        early.sequence &+= 1
        var dialogue = Dialogue(nat.mapping, tracker: unbegun(early))
        #expect(dialogue.tracker.connections.first?.isAdopted == false)
        slipstream(&dialogue)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connections.first?.state == .notFTP)
    }

    /// A tracker that has seen one packet, of which conntrack has what it will.
    private func unbegun(_ packet: PacketBuilder, phase: ConntrackPhase = .other) -> Tracker {
        var tracker = Tracker(policy: Policy(), random: Seeded(state: 7))
        var output = Output()
        let bytes = packet.bytes
        for _ in 0..<2 {
            let verdict = tracker.receive(bytes.span, at: Instant(nanoseconds: 1), into: &output)
            guard case .needsMapping = verdict else { break }
            let mapping = packet.tuple == snat.original || packet.tuple == snat.reply ? snat : Self.routed
            tracker.learn(
                mapping,
                hasKernelHelper: false,
                phase: phase,
                at: Instant(nanoseconds: 1),
                into: &output
            )
        }
        return tracker
    }

    @Test(arguments: [ConntrackPhase.opening, .established, .other])
    func `a SYN-ACK of the client begins nothing, as in a simultaneous open or a split handshake`(
        phase: ConntrackPhase
    ) {
        let answer = PacketBuilder(
            tuple: snat.original,
            sequence: 0xffff_fff0,
            acknowledgement: 0x55,
            flags: [.syn, .ack]
        )
        let tracker = unbegun(answer, phase: phase)
        #expect(tracker.connectionCount == 0)
        var dialogue = Dialogue(snat, tracker: tracker, isAdopted: true)
        slipstream(&dialogue)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connectionCount == 0)
    }

    @Test(arguments: [ConntrackPhase.established, .other])
    func `a SYN-ACK without a half-open conntrack entry begins nothing`(phase: ConntrackPhase) {
        let stray = PacketBuilder(
            tuple: snat.reply,
            sequence: 0x54,
            acknowledgement: 0xffff_fff1,
            flags: [.syn, .ack]
        )
        let tracker = unbegun(stray, phase: phase)
        #expect(tracker.connectionCount == 0)
    }

    @Test func `a connection that conntrack established only now is not adopted`() {
        for side in [Session.Side.client, .server] {
            var tracker = Tracker(policy: Policy(), random: Seeded(state: 7))
            var output = Output()
            let packet = PacketBuilder(
                tuple: side == .client ? snat.original : snat.reply,
                sequence: 1,
                acknowledgement: 1,
                flags: [.ack]
            ).bytes
            let verdict = tracker.receive(packet.span, at: Instant(nanoseconds: 1), into: &output)
            #expect(verdict == .accept)
            tracker.learn(
                snat,
                hasKernelHelper: false,
                phase: .established,
                at: Instant(nanoseconds: 1),
                into: &output
            )
            #expect(tracker.connectionCount == 0)
            // Nor by the next daemon.
            tracker.noteEarlier(snat)
            var dialogue = Dialogue(snat, tracker: tracker, isAdopted: true)
            dialogue.send(.client, Self.port)
            #expect(dialogue.open.isEmpty)
        }
    }

    @Test func `an earlier connection is adopted only with its own conntrack entry`() {
        for (id, isAdopted) in [(UInt32(7), true), (8, false)] {
            var tracker = Tracker(policy: Policy(), random: Seeded(state: 7))
            var output = Output()
            tracker.noteEarlier(snat, entryID: 7)
            tracker.learn(
                snat,
                entryID: id,
                hasKernelHelper: false,
                phase: .established,
                at: Instant(nanoseconds: 1),
                into: &output
            )
            let packet = PacketBuilder(tuple: snat.original, sequence: 1, acknowledgement: 1, flags: [.ack])
                .bytes
            _ = tracker.receive(packet.span, at: Instant(nanoseconds: 1), into: &output)
            #expect((tracker.connectionCount == 1) == isAdopted)
        }
    }

    @Test func `a handshake on an adopted connection begins a new one, even at the same sequence number`() {
        var dialogue = Dialogue(snat, isAdopted: true)
        dialogue.send(.server, "200 ok\r\n")
        #expect(dialogue.tracker.connections.first?.state == .ready)
        // The server's first byte is to be the one at which it was adopted.
        let start = dialogue.tracker.store.slot(of: snat.original)?.connection.serverStart.value ?? 0
        var handshake = dialogue.handshake
        handshake.sequence = start &- 1
        let bytes = handshake.bytes
        dialogue.perform { tracker, now, output in
            for _ in 0..<2 {
                guard case .needsMapping = tracker.receive(bytes.span, at: now, into: &output) else { break }
                tracker.learn(snat, hasKernelHelper: false, phase: .opening, at: now, into: &output)
            }
        }
        #expect(dialogue.tracker.connections.map(\.state) == [.greeting])
    }

    @Test(arguments: [-1000, -1, 1, 2, 1000])
    func `the server cannot choose where the client's stream begins`(shift: Int) {
        for isSecond in [true, false] {
            var dialogue = Dialogue(Self.routed)
            var lie = dialogue.handshake
            lie.acknowledgement &+= UInt32(truncatingIfNeeded: shift)
            if isSecond {
                dialogue.carry(lie)
            } else {
                let tracker = Tracker(policy: Policy(), random: Seeded(state: 7))
                dialogue = Dialogue(Self.routed, tracker: tracker, isAdopted: true)
                dialogue.perform { tracker, now, output in
                    let bytes = lie.bytes
                    tracker.learn(
                        Self.routed,
                        hasKernelHelper: false,
                        phase: .opening,
                        at: now,
                        into: &output
                    )
                    _ = tracker.receive(bytes.span, at: now, into: &output)
                }
                // The client believes only the right one.
                dialogue.carry(dialogue.handshake)
            }
            dialogue.send(.server, "220 hi\r\n")
            dialogue.send(.client, "USER a\r\nPASS b\r\n")
            dialogue.send(.server, "331 pw\r\n230 in\r\n")
            dialogue.send(.client, Self.port)
            #expect(dialogue.open.isEmpty)
            #expect(dialogue.tracker.connections.first?.state == .notFTP)
        }
    }

    @Test func `bytes of the client before the claimed start of its stream end all help`() {
        var dialogue = Dialogue(Self.routed)
        dialogue.carry(dialogue.segment(.client, Array("POST / ".utf8), offset: -7))
        #expect(dialogue.refusals == [.notFTP])
        // A keep-alive may have a byte there (RFC 9293, section 3.8.4).
        dialogue = Dialogue(Self.routed)
        dialogue.carry(dialogue.segment(.client, [0], offset: -1))
        dialogue.logIn()
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == ["10.1.0.2:5001"])
    }

    // MARK: Holes

    @Test func `acknowledged but unseen bytes of the client end all help before the login`() {
        for isStrict in [false, true] {
            var policy = Policy()
            policy.rules.isStrict = isStrict
            var dialogue = Dialogue(Self.routed, policy: policy)
            dialogue.send(.server, "220 hi\r\n")
            var answer = dialogue.segment(.server, flags: [.ack])
            answer.acknowledgement &+= 50
            dialogue.transmit(answer)
            #expect(dialogue.refusals == [.notFTP])
            let behind = dialogue.segment(.client, "USER a\r\nPASS b\r\n".utf8, offset: 50)
            dialogue.transmit(behind)
            dialogue.send(.server, "331 pw\r\n230 in\r\n")
            dialogue.send(.client, Self.port)
            #expect(dialogue.open.isEmpty)
        }
    }

    @Test func `an old acknowledgement has no effect`() {
        var dialogue = Dialogue.ready(Self.routed)
        var answer = dialogue.segment(.server, flags: [.ack])
        answer.acknowledgement &+= 30
        dialogue.transmit(answer)
        answer.acknowledgement &-= 20
        dialogue.transmit(answer)
        // The stream resumes where the server has got to, and not before.
        dialogue.transmit(dialogue.segment(.client, "NOOP\r\n".utf8, offset: 30))
        #expect(
            dialogue.tracker.store.slot(of: Self.routed.original)?.connection.streams[0].acknowledged != nil
        )
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == ["10.1.0.2:5001"])
    }

    @Test(arguments: NATCase.all)
    func `no line begins in the middle of a segment after a hole, wherever the receiver acknowledges`(
        nat: NATCase
    ) {
        let line = "RETR \(String(repeating: "a", count: 100))\(nat.transfers(5001).active.sent)"
        for resumed in [50, 105] {
            var dialogue = Dialogue.ready(nat.mapping)
            let first = dialogue.segment(.client, Array(line.utf8.prefix(40)))
            // It is lost; the rest comes, and the server has it all up to the PORT.
            let rest = dialogue.segment(.client, Array(line.utf8.dropFirst(40)), offset: 40)
            dialogue.carry(rest)
            var answer = dialogue.segment(.server, flags: [.ack])
            answer.acknowledgement = first.sequence &+ UInt32(resumed)
            dialogue.carry(answer)
            dialogue.carry(rest)
            dialogue.carry(
                dialogue.segment(.client, Array(line.utf8.dropFirst(resumed)), offset: resumed)
            )
            #expect(dialogue.open.isEmpty)
            #expect(dialogue.statistics.expectationsOpened == 0)
        }
    }

    @Test func `text that a client makes a server echo is not read after a hole in the replies`() {
        let echo = "500 Command \"x227 (10,2,0,2,12,234)\"\r\n"
        let message = "250-hello\r\n227 (10,2,0,2,12,234)\r\n250 ok\r\n"
        for (text, resumed) in [(echo, 14), (message, 11), (message, 4)] {
            var dialogue = Dialogue.ready(Self.routed)
            dialogue.send(.client, "CWD x\r\nPASV\r\n")
            let bytes = Array(text.utf8)
            // The head of the reply is lost before the gateway, but the client has it.
            let rest = dialogue.segment(.server, bytes.dropFirst(resumed), offset: resumed)
            var answer = dialogue.segment(.client, flags: [.ack])
            answer.acknowledgement &+= UInt32(resumed)
            dialogue.carry(rest)
            dialogue.carry(answer)
            dialogue.carry(rest)
            #expect(dialogue.open.isEmpty, "\(text) from \(resumed)")
            #expect(dialogue.statistics.expectationsOpened == 0)
        }
    }

    // MARK: What the queue does not show

    @Test(arguments: NATCase.all)
    func `a packet truncated by the queue goes on without the rest`(nat: NATCase) throws {
        let isIPv4 = nat.mapping.original.source.address.isSameFamily(as: .v4(0))
        let header = isIPv4 ? 40 : 60
        var dialogue = Dialogue(nat.mapping, isAdopted: true)
        let text = [UInt8](repeating: UInt8(ascii: "z"), count: 65535 + (isIPv4 ? 0 : 40) - header)
        let whole = dialogue.segment(.server, text, flags: [.ack, .fin]).bytes
        let shown = Array(whole.prefix(65531))
        dialogue.perform { tracker, now, output in
            _ = tracker.receive(shown.span, at: now, into: &output)
            tracker.learn(nat.mapping, hasKernelHelper: false, phase: .established, at: now, into: &output)
            output.clear()
            #expect(tracker.receive(shown.span, at: now, into: &output) == .replace)
            #expect(output.packet.count == 65531)
            #expect(hasRightChecksums(output.packet))
        }
        let arrival = try #require(Arrival(dialogue.output.packet))
        #expect(arrival.payload.allSatisfy { $0 == UInt8(ascii: "z") })
        #expect(!arrival.flags.contains(.fin))
        // The rest comes with the next segment.
        let next = dialogue.tracker.store.slot(of: nat.mapping.original)?.connection.streams[1].next
        #expect(next?.value == arrival.sequence &+ UInt32(65531 - header))
    }

    @Test(
        arguments: [
            ([34, 2, 1, 1], true), ([1, 1, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8], true),
            ([254, 4, 0xf9, 0x89], true), ([253, 6, 0xf9, 0x89, 1, 2, 1, 1], true), ([254, 4, 1, 2], false),
            ([2, 4, 5, 0xb4], false), ([], false),
        ] as [([UInt8], Bool)]
    )
    func `only TCP fast open is removed from a SYN`(options: [UInt8], asks: Bool) throws {
        for (mapping, text) in [(snat, ""), (snat, Self.post), (NATCase.all[3].mapping, Self.post)] {
            var tracker = Tracker(policy: Policy())
            var output = Output()
            var syn = PacketBuilder(tuple: mapping.original, sequence: 77, acknowledgement: 0, flags: [.syn])
            syn.options = options
            syn.payload = Array(text.utf8)
            let bytes = syn.bytes
            let verdict = tracker.receive(bytes.span, at: Instant(nanoseconds: 1), into: &output)
            guard asks || !text.isEmpty else {
                #expect(verdict == .accept)
                continue
            }
            #expect(verdict == .replace)
            let arrival = try #require(Arrival(output.packet))
            #expect(arrival.payload.isEmpty)
            #expect(arrival.sequence == 77)
            #expect(arrival.segment.fastOpenOptions(in: arrival.bytes.span).isEmpty)
            let kept = arrival.bytes[(arrival.segment.tcpOffset + 20)..<arrival.segment.payloadOffset]
            #expect(Array(kept) == (asks ? options.map { _ in 1 } : options) || options.first == 1)
            #expect(tracker.connectionCount == 0)
        }
    }

    @Test func `the server cannot acknowledge data in a SYN`() {
        for (acknowledged, hasKernelHelper) in [(UInt32(0), true), (1, false), (40, false)] {
            var tracker = Tracker(policy: Policy(), random: Seeded(state: 7))
            var output = Output()
            var syn = PacketBuilder(
                tuple: snat.original,
                sequence: 0xffff_fff0,
                acknowledgement: 0,
                flags: [.syn]
            )
            syn.payload = Array(Self.post.utf8.prefix(40))
            let bytes = syn.bytes
            _ = tracker.receive(bytes.span, at: Instant(nanoseconds: 1), into: &output)
            var dialogue = Dialogue(snat, tracker: tracker, initial: 0xffff_fff0 &+ acknowledged)
            dialogue.logIn()
            dialogue.send(.client, Self.port)
            #expect(dialogue.open == (hasKernelHelper ? ["10.2.0.100:5001"] : []))
        }
    }

    // MARK: Restarts

    /// What a dialogue's tracker leaves of those that it does not follow.
    private func rejected(of dialogue: inout Dialogue) -> RejectedConnections? {
        var words = [UInt64](repeating: 0, count: RejectedConnections.wordCount)
        dialogue.tracker.takeRejectedConnections { words[$0] = $1 }
        return RejectedConnections(key: dialogue.tracker.rejectedConnectionsKey, words: words)
    }

    /// The next tracker, which has this record.
    private func next(_ record: [UInt64]? = nil, at now: Instant) -> Tracker {
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 3))
        var output = Output()
        if let kept = record.flatMap({ KeptConnection($0, at: now) }) {
            _ = tracker.restore(kept, at: now, into: &output)
        }
        return tracker
    }

    @Test func `early bytes before a restart log nobody in`() {
        let stages: [[(Session.Side, String)]] = [
            [], [(.server, "220 hi\r\n")], [(.server, "220 hi\r\n"), (.client, "USER a\r\n")],
            [
                (.server, "220 hi\r\n"), (.client, "USER a\r\n"), (.server, "331 pw\r\n"),
                (.client, "PASS b\r\n"),
            ],
        ]
        for (number, stage) in stages.enumerated() {
            for early in [Session.Side.client, .server] {
                var dialogue = Dialogue(
                    Self.routed,
                    tracker: Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
                )
                for (side, text) in stage { dialogue.send(side, text) }
                dialogue.carry(dialogue.segment(early, Array("z".utf8), offset: 100))
                var record: [UInt64]?
                dialogue.tracker.takeRecords {
                    record = $1
                    return 1
                }
                let rejected = rejected(of: &dialogue)
                var tracker = next(record, at: dialogue.now)
                #expect(tracker.connectionCount == 1)
                tracker.noteEarlier(Self.routed, predecessors: rejected.map { [$0] } ?? [])
                #expect(tracker.connections.first?.state != .ready, "stage \(number)")
                var output = Output()
                let line = dialogue.segment(.client, Self.port.utf8).bytes
                _ = tracker.receive(line.span, at: dialogue.now, into: &output)
                #expect(tracker.expectations.isEmpty, "stage \(number)")
            }
        }
    }

    @Test func `a connection rejected before a restart is rejected after it`() {
        var policy = Policy()
        policy.maximumConnections = 1
        var first = Dialogue(
            snat,
            tracker: Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 1))
        )
        first.logIn()
        var turnedAway = Dialogue(Self.routed, tracker: first.release())
        #expect(turnedAway.refusals == [.tableFull])
        let rejected = rejected(of: &turnedAway)
        var tracker = next(at: turnedAway.now)
        tracker.noteEarlier(Self.routed, predecessors: rejected.map { [$0] } ?? [])
        var dialogue = Dialogue(Self.routed, tracker: tracker, isAdopted: true)
        dialogue.send(.client, Self.port)
        #expect(dialogue.open.isEmpty)
        // Others are adopted as ever.
        tracker = next(at: turnedAway.now)
        tracker.noteEarlier(snat, predecessors: rejected.map { [$0] } ?? [])
        dialogue = Dialogue(snat, tracker: tracker, isAdopted: true)
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test(arguments: NATCase.all)
    func `a handshake that waited in the queue for a conntrack answer counts as seen from its start`(
        nat: NATCase
    ) {
        var tracker = Tracker(policy: Policy(), random: Seeded(state: 7))
        // Somebody has acknowledged the SYN-ACK before the client has it.
        tracker.noteEarlier(nat.mapping, entryID: 3)
        var output = Output()
        let now = Instant(nanoseconds: 1)
        let answer = Dialogue(nat.mapping).handshake.bytes
        #expect(tracker.receive(answer.span, at: now, into: &output) == .needsMapping(nat.mapping.reply))
        tracker.learn(
            nat.mapping,
            entryID: 3,
            hasKernelHelper: false,
            phase: .established,
            at: now,
            into: &output
        )
        _ = tracker.receive(answer.span, at: now, into: &output)
        var dialogue = Dialogue(nat.mapping, tracker: tracker, isAdopted: true)
        slipstream(&dialogue)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connectionCount == 0)
    }

    /// What happened to a SYN before the daemon that sees its SYN-ACK.
    enum EarlierSYN: CaseIterable {
        /// An earlier daemon has taken fast open out of it.
        case openedFast
        /// It was an ordinary one, in the sight of an earlier daemon.
        case ordinary
        /// There were no rules, so the SYN was not seen.
        case unseen
    }

    @Test(arguments: EarlierSYN.allCases)
    func `data in a SYN is not trusted after a restart between SYN and SYN-ACK`(syn: EarlierSYN) throws {
        var first = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        var output = Output()
        let now = Instant(nanoseconds: 1)
        if syn == .openedFast {
            var packet = PacketBuilder(
                tuple: snat.original,
                sequence: 0xffff_fff0,
                acknowledgement: 0,
                flags: [.syn]
            )
            packet.payload = Array(Self.post.utf8.prefix(40))
            let bytes = packet.bytes
            _ = first.receive(bytes.span, at: now, into: &output)
        }
        var words = [UInt64](repeating: 0, count: RejectedConnections.wordCount)
        first.takeRejectedConnections { words[$0] = $1 }
        let predecessor = RejectedConnections(key: first.rejectedConnectionsKey, words: words)
        var tracker = next(at: now)
        tracker.noteOpening(snat, predecessors: syn == .unseen ? [] : [try #require(predecessor)], at: now)
        var dialogue = Dialogue(snat, tracker: tracker)
        dialogue.logIn()
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == (syn == .ordinary ? ["10.2.0.100:5001"] : []))
        #expect(dialogue.refusals.contains(.notFTP) == (syn != .ordinary))
    }

    // MARK: Forged senders

    @Test func `a data connection is never followed, whatever its content`() {
        for phase in [ConntrackPhase.opening, .established] {
            var tracker = Tracker(policy: Policy(), random: Seeded(state: 7))
            var output = Output()
            tracker.noteEarlier(snat)
            let now = Instant(nanoseconds: 1)
            tracker.learn(snat, hasKernelHelper: false, hasMaster: true, phase: phase, at: now, into: &output)
            // Also not when its entry has been forgotten, and made anew without a master.
            tracker.noteEarlier(snat)
            var dialogue = Dialogue(snat, tracker: tracker, isAdopted: true)
            dialogue.send(.client, Self.port)
            #expect(dialogue.open.isEmpty)
            #expect(dialogue.tracker.connectionCount == 0)
        }
    }

    @Test func `a data connection without an entry is not followed either`() {
        var dialogue = Dialogue.ready(Self.routed)
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, "227 (10,2,0,2,8,73)\r\n")
        #expect(dialogue.open == ["10.2.0.2:2121"])
        let data = Mapping(
            untranslated: Tuple(
                source: Endpoint(v4(10, 1, 0, 2), 50000),
                destination: Endpoint(v4(10, 2, 0, 2), 2121)
            )
        )
        var upload = Dialogue(data, tracker: dialogue.release())
        upload.logIn()
        upload.send(.client, Self.port)
        #expect(upload.open == ["10.2.0.2:2121"])
        #expect(upload.tracker.connectionCount == 1)
    }

    @Test func `a packet is read only once its origin is known to be valid`() {
        var dialogue = Dialogue.ready(Self.routed)
        func origin(_ side: Session.Side, over interface: UInt32) -> Verdict {
            let bytes = dialogue.segment(side, Self.port.utf8).bytes
            let arrival = HashedSegment(bytes.span, from: interface)
            return dialogue.perform { $0.receive(bytes.span, arrival, at: $1, into: &$2) }
        }
        let client = PacketOrigin(
            sender: v4(10, 1, 0, 2),
            receiver: v4(10, 2, 0, 2),
            interface: 5,
            receiverInterface: 0
        )
        #expect(origin(.client, over: 5) == .needsOrigin(client))
        #expect(dialogue.open.isEmpty)
        let bytes = dialogue.segment(.client, Self.port.utf8).bytes
        guard let arrival = HashedSegment(bytes.span, from: 5) else {
            Issue.record("it is no packet")
            return
        }
        dialogue.perform { tracker, _, output in tracker.refuseForged(arrival, into: &output) }
        #expect(dialogue.refusals == [.forged])
        #expect(dialogue.open.isEmpty)
        dialogue.tracker.acceptOrigin(of: arrival)
        #expect(origin(.client, over: 5) == .accept)
        #expect(dialogue.open == ["10.1.0.2:5001"])
        // Another interface is another lookup, and packets that this host sends need none.
        guard case .needsOrigin = origin(.client, over: 6) else {
            Issue.record("it was not asked about")
            return
        }
        #expect(origin(.client, over: 0) == .accept)
    }
}
