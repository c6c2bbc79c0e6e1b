// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Glibc
import Linux
import Netfilter
import TestFiles
import Testing
import TestPackets
@testable import PinholeDaemon

/// Conntrack lookups of packets of unknown connections, zones among them.
extension EngineTests {
    @Test func `conntrack is asked once per connection, and ordinary packets report nothing`() {
        var engine = engine()
        let plain = packet(Samples.mapping.original, [.ack])
        _ = engine.control(plain.span, at: start)
        #expect(memory.take() == [.entry(Samples.mapping.original)])
        _ = engine.notices.drain()
        for _ in 0..<3 { #expect(text(engine.control(plain.span, at: start)) == "accept") }
        #expect(memory.take() == [])
        #expect(engine.notices.drain().isEmpty)
    }

    @Test func `a connection unknown to conntrack goes on without help`() {
        var engine = engine()
        memory.mapping = nil
        #expect(text(engine.control(announcement.span, at: start)) == "accept")
        #expect(memory.take() == [.entry(Samples.mapping.original)])
        // It may be in an unknown zone, until the searches for that are used up.
        for _ in 0..<3 {
            engine.search(at: start)
            #expect(text(engine.control(announcement.span, at: start)) == "accept")
        }
        #expect(names(engine.notices.drain()) == ["refused"])
        #expect(engine.report(QueueFigures(), lostLines: 0).statistics.refused == [.noMapping: 1])
    }

    /// What conntrack has of the same connection in a zone.
    func entry(inZone zone: UInt16, isOpening: Bool = false) -> ConntrackEntry {
        var mapping = Samples.mapping
        mapping.original.zone = zone
        mapping.reply.zone = zone
        return ConntrackEntry(
            mapping: mapping,
            master: nil,
            id: 1,
            mark: 0,
            helper: nil,
            tcpState: isOpening ? 2 : 3,
            hasSeenReply: true
        )
    }

    @Test func `an unknown zone is searched for, a limited number of times`() {
        var engine = engine()
        memory.mapping = nil
        for _ in 0..<20 {
            _ = engine.control(announcement.span, at: start)
            engine.search(at: start)
        }
        #expect(memory.searches == 3)
        memory.zoned.unknown = [entry(inZone: 5)]
        #expect(text(engine.control(announcement.span, at: start)) == "accept")
        let later = start.advanced(bySeconds: 10)
        #expect(text(engine.control(announcement.span, at: later)) == "accept")
        engine.search(at: later)
        let verdict = engine.control(announcement.span, at: later)
        #expect(memory.searches == 4)
        #expect(text(verdict) == "PORT 10,2,0,100,19,137\r\n")
        #expect(engine.expectations.map(\.zone) == [5])
        #expect(memory.take().contains(.beLiberal(entry(inZone: 5).mapping)))
    }

    @Test func `while zones are searched, only a SYN-ACK is dropped`() {
        var engine = engine()
        memory.mapping = nil
        memory.zoned.unknown = [entry(inZone: 5, isOpening: true)]
        let handshake = packet(Samples.mapping.reply, [.syn, .ack], sequence: 9000, acknowledgement: 2000)
        for _ in 0..<3 {
            #expect(text(engine.control(handshake.span, at: start)) == "drop")
            #expect(text(engine.control(announcement.span, at: start)) == "accept")
        }
        #expect(memory.searches == 1 && engine.connections.isEmpty)
        // Nothing was rejected.
        #expect(names(engine.notices.drain()) == [])
        engine.search(at: start)
        #expect(text(engine.control(handshake.span, at: start)) == "accept")
        #expect(engine.connections.map(\.mapping.original.zone) == [5])
    }

    @Test func `a packet that fits two zones goes on without help`() {
        var engine = engine()
        memory.zoned.known = [entry(inZone: 5)]
        #expect(text(engine.control(announcement.span, at: start)) == "accept")
        #expect(engine.connections.isEmpty && memory.searches == 0)
        #expect(names(engine.notices.drain()) == ["refused"])
        // Of a new connection the entry tells that it is new.
        memory.zoned.known = [entry(inZone: 5, isOpening: true)]
        let handshake = packet(Samples.mapping.reply, [.syn, .ack], sequence: 9000, acknowledgement: 2000)
        _ = engine.control(handshake.span, at: start)
        #expect(engine.connections.map(\.mapping.original.zone) == [5])
    }

    @Test func `of two new connections with the same tuples in two zones none is followed`() {
        var engine = engine()
        memory.zoned.known = [entry(inZone: 5, isOpening: true), entry(inZone: 6, isOpening: true)]
        let handshake = packet(Samples.mapping.reply, [.syn, .ack], sequence: 9000, acknowledgement: 2000)
        #expect(text(engine.control(handshake.span, at: start)) == "accept")
        #expect(engine.connections.isEmpty)
        #expect(names(engine.notices.drain()) == ["refused"])
    }

    @Test func `of many refusals a few are reported, with the number of the others`() {
        var engine = engine()
        memory.mapping = nil
        for _ in 0..<500 {
            _ = engine.control(announcement.span, at: start)
            engine.search(at: start)
        }
        #expect(engine.notices.drain().count == 100)
        for _ in 0..<4 {
            _ = engine.control(announcement.span, at: start.advanced(bySeconds: 10))
            engine.search(at: start)
        }
        let leftOut = engine.notices.drain().map { notice -> UInt64? in
            if case .event(.refused, let leftOut) = notice { leftOut } else { nil }
        }
        // With three of each ten seconds zones are looked for, and nothing is refused yet.
        #expect(leftOut == [397])
        #expect(engine.report(QueueFigures(), lostLines: 0).statistics.refused == [.noMapping: 498])
    }

    @Test func `a failing conntrack lookup is a fault, and the packet goes on`() {
        var engine = engine()
        memory.entryFailure = failure
        #expect(text(engine.control(announcement.span, at: start)) == "accept")
        #expect(names(engine.notices.drain()) == ["find-connection", "refused"])
        #expect(engine.report(QueueFigures(), lostLines: 0).faults[.findConnection] == 1)
    }

    @Test func `a connection with a kernel helper is left alone and reported once`() {
        var engine = engine()
        memory.helper = "ftp"
        for _ in 0..<3 { #expect(text(engine.control(announcement.span, at: start)) == "accept") }
        #expect(memory.take() == [.entry(Samples.mapping.original)])
        let notices = engine.notices.drain()
        #expect(
            notices == [
                .fault(
                    .kernelHelper,
                    reason: "10.1.0.2:40112 to 10.2.0.2:21 has the kernel helper ftp and is left to it",
                    leftOut: 0
                )
            ]
        )
        #expect(engine.report(QueueFigures(), lostLines: 0).faults[.kernelHelper] == 1)
    }
}
