// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Error messages that quote an edited stream (contract B7).
@Suite struct ErrorMessageTests {
    /// Those in which something is edited, by the client's address or the server's.
    static let cases = NATCase.all.filter { nat in
        let transfers = nat.transfers(5001)
        return transfers.active.sent != transfers.active.read
            || transfers.passive.sent != transfers.passive.read
    }

    /// The tuples that a packet of a side has on its way: in front of the gateway, within it, and behind it.
    static func forms(_ mapping: Mapping, _ side: Session.Side) -> [Tuple] {
        let within = Tuple(source: mapping.original.source, destination: mapping.reply.source)
        return side == .client
            ? [mapping.original, within, mapping.reply.inverted]
            : [mapping.reply, within.inverted, mapping.original.inverted]
    }

    /// The error message that a router makes of a packet, which it sees under a tuple.
    private static func message(_ arrival: Arrival, as tuple: Tuple) -> [UInt8] {
        let packet = PacketBuilder(
            tuple: tuple,
            sequence: arrival.sequence,
            acknowledgement: arrival.acknowledgement,
            flags: arrival.flags,
            payload: Array(arrival.payload)
        )
        var message = ErrorMessage(quoting: packet.bytes)
        message.shown = .max
        return message.bytes
    }

    /// What its sender gets of a message: the numbers that are quoted.
    private static func quoted(
        _ message: [UInt8],
        _ dialogue: inout Dialogue,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> (sequence: UInt32, acknowledgement: UInt32) {
        let before = dialogue.tracker.connections
        let (verdict, packet) = dialogue.perform { tracker, now, output in
            (tracker.receive(message.span, at: now, into: &output), output.packet)
        }
        #expect(verdict == .accept || verdict == .replace, sourceLocation: location)
        let bytes = verdict == .replace ? packet : message
        let start = bytes[0] >> 4 == 4 ? 20 : 40
        #expect(
            hasRightChecksums(message: bytes, startingAt: start, quoting: bytes.count - start - 8),
            sourceLocation: location
        )
        let after = dialogue.tracker.connections
        #expect(after == before, sourceLocation: location)
        let found = QuotedSegment(parsing: bytes.span)
        let segment = try #require(found, sourceLocation: location)
        let acknowledgement = try #require(segment.acknowledgement, sourceLocation: location)
        return (segment.sequence.value, acknowledgement.value)
    }

    /// After any number of edits on both sides, from any router.
    @Test(arguments: cases)
    func `a message quotes the sequence numbers of the segment's sender`(nat: NATCase) throws {
        var dialogue = Dialogue.ready(nat.mapping)
        for number in 0..<30 {
            let transfers = nat.transfers(2000 + number * 100)
            let lines: [(Session.Side, String)] = [
                (.client, transfers.active.sent), (.server, "200 ok\r\n"),
                (.client, transfers.passive.command), (.server, transfers.passive.sent),
                (.client, "NOOP\r\n"), (.server, "200 \(String(repeating: "x", count: 900))\r\n"),
            ]
            for (side, line) in lines {
                let sent = dialogue.segment(side, line.utf8)
                let arrival = try dialogue.arrival(sent)
                for form in Self.forms(nat.mapping, side) {
                    let quoted = try Self.quoted(Self.message(arrival, as: form), &dialogue)
                    #expect(quoted.sequence == sent.sequence, "\(side) \(number) as \(form)")
                    #expect(quoted.acknowledgement == sent.acknowledgement, "\(side) \(number) as \(form)")
                }
                dialogue.acknowledge(side.other)
            }
        }
        #expect(dialogue.statistics.edits > 0)
    }

    /// However a text is cut, what its pieces become is quoted as something that the sender has under way: it takes nothing
    /// else for its own (`tcp_v4_err`).
    @Test(arguments: [("1.2.3.4", "10.200.100.100"), ("10.200.100.100", "1.2.3.4")])
    func `every translated position is one that the sender has in flight`(own: String, shown: String)
        throws
    {
        let nat = NATCase("SNAT", own, "10.2.0.2", client: shown)
        let text = Array(
            ("NOOP\r\n" + nat.transfers(5001).active.sent + "CWD x\r\n" + nat.transfers(40000).active.sent)
                .utf8
        )
        for first in 1..<text.count - 1 {
            for second in [first + 1, (first + text.count) / 2, text.count - 1] where second > first {
                for acknowledges in [false, true] {
                    var dialogue = Dialogue.ready(nat.mapping)
                    let base = dialogue.segment(.client).sequence
                    var told = base
                    var ends = [0, first, second, text.count]
                    if second == text.count { ends.removeLast() }
                    for (start, end) in zip(ends, ends.dropFirst()) {
                        let sent = dialogue.segment(.client, text[start..<end])
                        let arrival = try dialogue.arrival(sent)
                        let quoted = try Self.quoted(
                            Self.message(arrival, as: nat.mapping.reply.inverted),
                            &dialogue
                        )
                        let place = Int(Int32(bitPattern: quoted.sequence &- base))
                        let least = Int(Int32(bitPattern: told &- base))
                        #expect(place >= least && place <= end, "\(start)..<\(end) of \(ends): \(place)")
                        if acknowledges, let answer = dialogue.acknowledge(.server) {
                            told = answer.acknowledgement
                        }
                    }
                }
            }
        }
    }

    @Test func `an ambiguous message belongs to the connection that has such a segment in flight`()
        throws
    {
        // The client has both ends of one connection translated, and reaches the server directly with another.
        let both = NATCase("both", "10.1.0.2", "203.0.113.5", client: "10.2.0.100", server: "10.2.0.2")
        let direct = Mapping(untranslated: try #require(Self.forms(both.mapping, .client).dropFirst().first))
        let other = Dialogue(direct, initial: 0x7000_0000)
        var dialogue = Dialogue(both.mapping, tracker: other.release())
        dialogue.logIn()
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        let sent = dialogue.segment(.client, "NOOP\r\n".utf8)
        let arrival = try dialogue.arrival(sent)
        #expect(arrival.sequence != sent.sequence)
        for form in Self.forms(both.mapping, .client) {
            let quoted = try Self.quoted(Self.message(arrival, as: form), &dialogue)
            #expect(quoted.sequence == sent.sequence)
        }
    }

    @Test func `a message about an unedited stream passes unchanged`() throws {
        let nat = Self.cases[0]
        var dialogue = Dialogue.ready(nat.mapping)
        let plain = try dialogue.arrival(dialogue.segment(.client, "NOOP\r\n".utf8))
        let early = Self.message(plain, as: nat.mapping.reply.inverted)
        func verdict(_ message: [UInt8], _ dialogue: inout Dialogue) -> Verdict {
            dialogue.perform { $0.receive(message.span, at: $1, into: &$2) }
        }
        var verdicts = [verdict(early, &dialogue)]
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        let edited = try dialogue.arrival(dialogue.segment(.client, "NOOP\r\n".utf8))
        verdicts.append(verdict(Self.message(edited, as: nat.mapping.original), &dialogue))
        var stranger = nat.mapping.original
        stranger.source.port += 1
        verdicts.append(verdict(Self.message(edited, as: stranger), &dialogue))
        // Nor is anything opened, closed or refused by any of them.
        #expect(dialogue.actions.count { if case .report(.refused) = $0 { true } else { false } } == 0)
        dialogue.perform { $0.end(nat.mapping, at: $1, into: &$2) }
        for form in Self.forms(nat.mapping, .client) {
            verdicts.append(verdict(Self.message(edited, as: form), &dialogue))
        }
        #expect(verdicts == [.accept, .replace, .accept, .accept, .accept, .accept])
    }
}
