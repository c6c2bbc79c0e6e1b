// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Doors that stay shut: what attackers send so as to be taken as logged in, or to have a line read where none begins.
@Suite struct IntrusionTests {
    static let port = "PORT 10,1,0,2,19,137\r\n"
    static let post = "POST / HTTP/1.1\r\nHost: 10.2.0.2:21\r\n\r\nUSER a\r\nPASS b\r\n\(port)"
    static let routed = NATCase.all[0].mapping

    /// Says what a browser can be made to say, and what a server can answer that wants it taken for FTP.
    func slipstream(_ dialogue: inout Dialogue) {
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
