// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import FTPHelper
import Linux
import Netfilter
import TestFiles
import Testing
import TestPackets

@testable import PinholeDaemon

/// The records that the engine writes, and the changes that it sends to followers.
@Suite struct EngineStateTests {
    private let memory = FakeKernel.Memory()
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let directory: TemporaryDirectory
    private let identity = StateFile.identity(ofBoot: "this one")
    private var path: String { "\(directory.path)/state" }

    init() throws {
        directory = try TemporaryDirectory()
        memory.tcpState = UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue)
    }

    /// The untranslated connection of one of the client's ports.
    private func mapping(_ port: UInt16) -> Mapping {
        var original = Samples.mapping.original
        original.source.port = port
        return Mapping(untranslated: original)
    }

    /// What conntrack has of it, under a number of its own.
    private func entry(_ port: UInt16) -> ConntrackEntry {
        memory.entryID = UInt32(port)
        return memory.entry(mapping(port))
    }

    /// An engine that keeps records, and has found the connections of these ports.
    private func engine(_ ports: [UInt16], connections: Int = 10) throws -> Engine<FakeKernel> {
        let state = try StateFile.create(for: path, identity: identity, term: 3, connections: connections)
        let rejected = try RejectedConnectionFile.create(for: "\(path).rejected", identity: identity)
        var engine = Engine(Policy(), FakeKernel(memory: memory), state: state, rejected: rejected)
        memory.established = ports.map { entry($0) }
        _ = engine.survey(at: start)
        try engine.publishState()
        return engine
    }

    private func say(
        _ text: String,
        from port: UInt16,
        sequence: UInt32 = 1000,
        to engine: inout Engine<FakeKernel>
    ) {
        memory.mapping = entry(port).mapping
        _ = engine.control(
            packet(mapping(port).original, [.ack], sequence: sequence, text).span,
            at: start
        )
    }

    private func frames(_ engine: inout Engine<FakeKernel>) throws -> [Frame] {
        var reader = FrameReader()
        reader.fill { $0 += engine.changes.drain() }
        var frames: [Frame] = []
        while let frame = try reader.next() { frames.append(frame) }
        return frames
    }

    private func contents() throws -> StateFile.Contents {
        let bytes = try #require(try PrivateFile.read(path, owner: nil))
        return try #require(StateFile.contents(of: bytes, identity: identity))
    }

    @Test func `a follower gets every record as in the file, with the record that it replaces`()
        throws
    {
        var engine = try engine([1, 2])
        say("NOOP\r\n", from: 1, to: &engine)
        #expect(engine.changes.isEmpty, "nobody follows yet")
        engine.changes.isFollowed = true
        let hello = engine.beginFollowing(path)
        let before = try contents()
        #expect(hello.kind == .hello && hello.first == KeptConnection.version && hello.text == path)
        #expect(hello.sequence == before.sequence && hello.sequence > 0)

        say("NOOP\r\n", from: 2, to: &engine)
        let added = try frames(&engine)
        let after = try contents()
        let last = try #require(added.last)
        #expect(added.map(\.kind) == [.kept] && last.first == 0)
        #expect(last.sequence == after.sequence)
        #expect(after.records.map(\.place).contains(Int(last.second)))
        #expect(after.records.first { $0.place == Int(last.second) }?.words == last.words)

        let id = try #require(engine.connections.first { $0.mapping == mapping(2) }?.id)
        #expect(engine.disconnect(id, at: start) == 1)
        // The record continues for some time, so that a follower without it gets it again.
        let ended = try #require(try frames(&engine).last { $0.kind == .kept })
        #expect(ended.first == last.second && ended.second != last.second)
        let records = try contents().records
        #expect(records.count == 2)
        #expect(records.first { $0.place == Int(ended.second) }?.words == ended.words)
    }

    @Test func `a disconnected session gets its resets, and an unknown one gets none`() throws {
        var engine = try engine([1])
        say("NOOP\r\n", from: 1, to: &engine)
        let id = try #require(engine.connections.first?.id)
        _ = memory.take()
        #expect(engine.disconnect(id &+ 1, at: start) == 0)
        #expect(memory.take() == [])
        #expect(engine.disconnect(id, at: start) == 1)
        #expect(memory.take().count { $0 == .inject } == 2)
        #expect(engine.connections.isEmpty)
    }

    @Test func `rejected connections are written to their file and sent to followers`() throws {
        var engine = try engine([])
        engine.changes.isFollowed = true
        memory.master = mapping(4).original
        memory.established = [entry(5)]
        #expect(engine.survey(at: start) == 1)
        let told = try frames(&engine)
        #expect(!told.isEmpty && told.allSatisfy { $0.kind == .rejected && $0.words.count == 1 })
        let bytes = try #require(try PrivateFile.read("\(path).rejected", owner: nil))
        let rejected = try #require(RejectedConnectionFile.rejected(in: bytes, identity: identity))
        for frame in told { #expect(rejected.words(from: Int(frame.first), count: 1) == frame.words) }
        // The next daemon does not adopt it.
        memory.master = nil
        memory.established = [entry(5), entry(6)]
        var next = Engine(Policy(), FakeKernel(memory: memory))
        #expect(next.survey(predecessors: [rejected], at: start) == 2)
        for port: UInt16 in [5, 6] { say("NOOP\r\n", from: port, to: &next) }
        #expect(next.connections.map(\.mapping) == [mapping(6)])
    }

    @Test func `records without room are a fault, and their connections go on`() throws {
        let ports = Array(1...600 as ClosedRange<UInt16>)
        var engine = try engine(ports, connections: 0)
        for port in ports { say("NOOP\r\n", from: port, to: &engine) }
        #expect(engine.connections.count == ports.count)
        let kept = try contents().records.count
        #expect(kept > 0 && kept < ports.count)
        #expect(engine.report(nil, lostLines: 0).faults[.state] != nil)
    }

    // MARK: Batches

    @Test func `a truncated packet of the data queue goes on`() {
        var engine = Engine(Policy(), FakeKernel(memory: memory))
        var verdicts = VerdictBatch(queue: 0)
        let bytes: [UInt8] = []
        let batch = [QueuedPacket(id: 1, payload: nil), QueuedPacket(id: 2, payload: nil)]
        #expect(engine.data(batch[...], in: bytes.span, at: start, into: &verdicts) == 2)
        verdicts.finish()
        #expect(Ruling.all(in: verdicts.bytes, on: [1, 2]) == [.accept, .accept])
    }

    /// A batch that takes no more once it has one more verdict.
    private func almostFull() -> VerdictBatch {
        var verdicts = VerdictBatch(queue: 0)
        var id: UInt32 = 1000
        while !verdicts.isFull {
            verdicts.replace(id, with: [UInt8](repeating: 0, count: 60000))
            id += 1
        }
        return verdicts
    }

    @Test func `a batch handles only as many packets as there is room for verdicts`() throws {
        var engine = try engine([1])
        memory.mapping = mapping(1)
        let plain = packet(mapping(1).original, [.ack])
        let batch = (1...3).map { QueuedPacket(id: $0, payload: 0..<plain.count) }
        var verdicts = almostFull()
        #expect(engine.data(batch[...], in: plain.span, at: start, into: &verdicts) == 1)
        verdicts = almostFull()
        #expect(engine.control(batch[...], in: plain.span, at: start, into: &verdicts) == 1)
    }
}
