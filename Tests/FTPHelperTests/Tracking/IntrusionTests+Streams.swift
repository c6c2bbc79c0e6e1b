// SPDX-License-Identifier: GPL-2.0-or-later
import Testing
@testable import FTPHelper

/// Holes in the streams, and packets that the queue does not show whole.
extension IntrusionTests {
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
}
