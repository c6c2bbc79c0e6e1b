// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Connections whose numbers somebody else shifts (contract B8).
@Suite struct ShiftedStreamsTests {
    /// A connection behind SYNPROXY: the client numbers the server's bytes so much higher than the server itself does.
    private struct Proxied: ~Copyable {
        var dialogue: Dialogue
        let offset: UInt32
        private var clientSent: UInt32 = 1001
        private var serverSent: UInt32 = 5001

        init(_ mapping: Mapping, offset: UInt32, policy: Policy = Policy(), isLearntLate: Bool = false) {
            self.offset = offset
            dialogue = Dialogue(mapping, policy: policy, isAdopted: true)
            dialogue.perform { tracker, now, output in
                tracker.learn(
                    mapping,
                    hasKernelHelper: false,
                    shifted: isLearntLate ? [] : .server,
                    phase: .opening,
                    at: now,
                    into: &output
                )
            }
            _ = dialogue.carry(packet(.server, [.syn, .ack], sequence: 5000))
            if isLearntLate { learnAgain() }
            for (side, line) in [
                (Session.Side.server, "220 ready\r\n"), (.client, "USER u\r\n"), (.server, "331 p\r\n"),
                (.client, "PASS p\r\n"), (.server, "230 ok\r\n"),
            ] {
                _ = say(side, line)
            }
        }

        /// Conntrack is asked about the connection, as it is from time to time.
        mutating func learnAgain() {
            let mapping = dialogue.mapping
            dialogue.perform { tracker, now, output in
                tracker.learn(
                    mapping,
                    hasKernelHelper: false,
                    shifted: .server,
                    phase: .established,
                    at: now,
                    into: &output
                )
            }
        }

        private func packet(
            _ side: Session.Side,
            _ flags: TCPFlags,
            sequence: UInt32? = nil,
            _ text: String = ""
        ) -> PacketBuilder {
            PacketBuilder(
                tuple: side == .client ? dialogue.mapping.original : dialogue.mapping.reply,
                sequence: sequence ?? (side == .client ? clientSent : serverSent),
                acknowledgement: side == .client ? serverSent &+ offset : clientSent,
                flags: flags,
                payload: Array(text.utf8)
            )
        }

        /// Sends text of a side, which the other end acknowledges, and returns what arrives there.
        mutating func say(_ side: Session.Side, _ text: String) -> String {
            let arrival = dialogue.carry(packet(side, [.ack, .psh], text))
            if side == .client {
                clientSent += UInt32(text.utf8.count)
            } else {
                serverSent += UInt32(text.utf8.count)
            }
            let answer = dialogue.carry(packet(side.other, [.ack]))
            #expect(answer.map(\.acknowledgement) == packet(side.other, [.ack]).acknowledgement)
            return arrival?.text ?? ""
        }
    }

    static let cases = NATCase.all.filter { !$0.isIPv6 }

    @Test(arguments: cases, [0x1000_0000, 0x9000_0000, 1] as [UInt32])
    func `an announcement without an edit opens, and one that needs an edit is refused and passes`(
        nat: NATCase,
        offset: UInt32
    ) {
        for isLearntLate in [false, true] {
            var proxied = Proxied(nat.mapping, offset: offset, isLearntLate: isLearntLate)
            let transfers = nat.transfers(5001)
            #expect(proxied.say(.client, transfers.active.sent) == transfers.active.sent)
            let isActiveNamed = transfers.active.sent == transfers.active.read
            #expect(proxied.dialogue.open == (isActiveNamed ? [transfers.active.opens] : []))
            _ = proxied.say(.server, "200 ok\r\n")
            _ = proxied.say(.client, transfers.passive.command)
            #expect(proxied.say(.server, transfers.passive.sent) == transfers.passive.sent)
            let isPassiveNamed = transfers.passive.sent == transfers.passive.read
            #expect(
                proxied.dialogue.open
                    == (isPassiveNamed
                        ? [transfers.passive.opens] : isActiveNamed ? [transfers.active.opens] : [])
            )
            let expected = [isActiveNamed, isPassiveNamed].filter { !$0 }.map { _ in
                Refusal.Reason.seqAdjusted
            }
            #expect(proxied.dialogue.refusals == expected)
            #expect(proxied.dialogue.statistics.edits == 0)
            #expect(proxied.dialogue.events.count { if case .gap = $0 { true } else { false } } == 0)
        }
    }

    @Test func `nothing is withheld on a shifted stream`() {
        let nat = NATCase.all[1]
        var proxied = Proxied(nat.mapping, offset: 77)
        for piece in ["PORT 10", ",1,0,2,19", ",137\r", "\n"] {
            #expect(proxied.say(.client, piece) == piece)
        }
        #expect(proxied.dialogue.refusals == [.seqAdjusted])
    }

    @Test func `a restarted daemon knows that the streams are shifted`() throws {
        let nat = NATCase.all[1]
        var tracker = Tracker(policy: Policy(), keepsRecords: true)
        var output = Output()
        let now = Instant(nanoseconds: 1)
        tracker.learn(
            nat.mapping,
            hasKernelHelper: false,
            shifted: .server,
            phase: .opening,
            at: now,
            into: &output
        )
        let handshake = PacketBuilder(
            tuple: nat.mapping.reply,
            sequence: 5000,
            acknowledgement: 1001,
            flags: [.syn, .ack]
        ).bytes
        _ = tracker.receive(handshake.span, at: now, into: &output)
        var record: [UInt64] = []
        tracker.takeRecords { _, new in
            record = new ?? []
            return 1
        }
        let kept = try #require(KeptConnection(record, at: now))
        #expect(kept.connection.shifted == .server)
    }
}
