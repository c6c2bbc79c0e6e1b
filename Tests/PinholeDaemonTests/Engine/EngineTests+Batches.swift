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

/// Packets that are handled together, and routes.
extension EngineTests {
    @Test func `each packet of a batch gets its own verdict`() {
        var engine = engine()
        let plain = packet(Samples.mapping.original, [.ack])
        let first = announcement.count
        let bytes = announcement + plain
        let batch = [
            QueuedPacket(id: 1, payload: 0..<first), QueuedPacket(id: 2, payload: nil),
            QueuedPacket(id: 3, payload: first..<bytes.count),
        ]
        let verdicts = rule(over: batch, in: bytes, &engine).map(text)
        #expect(verdicts == ["PORT 10,2,0,100,19,137\r\n", "accept", "accept"])
        #expect(engine.expectations.map(\.id) == [1])
    }

    /// Rules over packets of a batch; what they lead to is still to be done.
    private func rule(
        over batch: [QueuedPacket],
        in bytes: [UInt8],
        _ engine: inout Engine<FakeKernel>
    ) -> [Ruling?] {
        var verdicts = VerdictBatch(queue: 0)
        let count = engine.decide(batch[...], in: bytes.span, at: start, into: &verdicts)
        #expect(count == batch.count)
        verdicts.finish()
        return Ruling.all(in: verdicts.bytes, on: batch.map(\.id))
    }

    /// The same with whole packets.
    func gather(_ packets: [[UInt8]], in engine: inout Engine<FakeKernel>) -> [String?] {
        let bytes = packets.flatMap { $0 }
        var batch: [QueuedPacket] = []
        var offset = 0
        for packet in packets {
            batch.append(QueuedPacket(id: UInt32(batch.count), payload: offset..<offset + packet.count))
            offset += packet.count
        }
        return rule(over: batch, in: bytes, &engine).map(text)
    }

    /// Announcements of the client, one behind the other, each in a packet of its own.
    func announcements(_ ports: Range<UInt8>) -> [[UInt8]] {
        let lines = ports.map { "PORT 10,1,0,2,19,\($0)\r\n" }
        return lines.enumerated().map { number, line in
            let sequence = 1000 + lines[..<number].reduce(0) { $0 + UInt32($1.utf8.count) }
            return packet(Samples.mapping.original, [.ack, .psh], sequence: sequence, line)
        }
    }

    @Test func `of a batch's announcements only the last is opened, before any packet goes on`() {
        var engine = engine()
        let verdicts = gather(announcements(100..<130), in: &engine)
        #expect(verdicts.count == 30 && verdicts.last == "PORT 10,2,0,100,19,129\r\n")
        #expect(memory.take() == [.entry(Samples.mapping.original)], "all are ruled over first")
        engine.settle(at: start)
        #expect(memory.take() == [.beLiberal(Samples.mapping), .open(30, timeout: 300)])
        #expect(engine.expectations.map(\.id) == [30])
        engine.settle(at: start)
        #expect(memory.take() == [], "it is done once")
    }

    @Test func `an open expectation closes before the announcement of a batch opens`() {
        var engine = engine()
        let packets = announcements(100..<104)
        let first = packets[0]
        _ = engine.control(first.span, at: start)
        _ = memory.take()
        _ = gather(Array(packets[1...]), in: &engine)
        engine.settle(at: start)
        #expect(memory.take() == [.close(1), .open(4, timeout: 300)])
    }

    @Test func `the route of each side is looked up once`() {
        var engine = engine()
        let plain = packet(Samples.mapping.original, [.ack])
        for _ in 0..<3 {
            var verdicts = VerdictBatch(queue: 0)
            let queued = QueuedPacket(id: 1, payload: 0..<plain.count, interface: 7)
            _ = engine.control([queued], in: plain.span, at: start, into: &verdicts)
        }
        #expect(memory.originChecks == 1)
    }

    /// Rules over a packet that came in by an interface.
    func control(
        _ packet: [UInt8],
        by interface: UInt32,
        _ engine: inout Engine<FakeKernel>
    ) -> String? {
        var verdicts = VerdictBatch(queue: 0)
        let queued = QueuedPacket(id: 1, payload: 0..<packet.count, interface: interface)
        _ = engine.control([queued], in: packet.span, at: start, into: &verdicts)
        verdicts.finish()
        return text(Ruling.all(in: verdicts.bytes, on: [1])[0])
    }

    @Test func `a packet with a forged sender goes on unread, and a genuine one is read after it`() {
        var engine = engine()
        memory.forgedInterfaces = [9]
        for _ in 0..<2 {
            #expect(control(announcement, by: 9, &engine) == "accept")
            #expect(engine.expectations.isEmpty)
        }
        #expect(engine.report(nil, lostLines: 0).statistics.refused == [.forged: 2])
        #expect(control(announcement, by: 7, &engine) == "PORT 10,2,0,100,19,137\r\n")
        #expect(engine.expectations.count == 1)
    }

    @Test func `a failing route lookup is a fault, and every sender is accepted`() {
        var engine = engine()
        memory.forgedInterfaces = [9]
        memory.routeFailure = failure
        #expect(control(announcement, by: 9, &engine) == "PORT 10,2,0,100,19,137\r\n")
        #expect(engine.report(nil, lostLines: 0).faults[.findRoute] == 1)
    }

    @Test func `all packets of a batch of the data queue get their verdicts at once`() {
        var engine = engine()
        let plain = packet(Samples.mapping.original, [.syn])
        var verdicts = VerdictBatch(queue: 0)
        let batch = (1...3).map { QueuedPacket(id: $0, payload: 0..<plain.count) }
        #expect(engine.data(batch[...], in: plain.span, at: start, into: &verdicts) == 3)
    }

    @Test func `an announcement that the kernel rejects is closed, also in a batch`() {
        var engine = engine()
        memory.failure = failure
        _ = gather(announcements(100..<103), in: &engine)
        engine.settle(at: start)
        #expect(engine.expectations.isEmpty)
        #expect(engine.report(nil, lostLines: 0).faults[.openPinhole] == 1)
    }
}
