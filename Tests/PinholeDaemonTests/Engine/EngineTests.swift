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

@Suite struct PacketPathTests {
    private let memory = FakeKernel.Memory()
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let failure = SystemError("do it", code: ENOSPC)

    init() {
        memory.mapping = Samples.mapping
        memory.tcpState = 3
        memory.established = [entry(inZone: 0)]
    }

    /// The way of packets, of which one connection was established before.
    private func engine() -> Engine<FakeKernel> {
        var engine = Engine(Policy(), FakeKernel(memory: memory))
        _ = engine.survey(at: start)
        return engine
    }

    /// The client's announcement, on that connection.
    private let announcement = packet(Samples.mapping.original, [.ack, .psh], "PORT 10,1,0,2,19,137\r\n")

    private func text(_ verdict: Ruling?) -> String? {
        switch verdict {
        case nil: nil
        case .accept: "accept"
        case .drop: "drop"
        case .replace(let bytes): String(decoding: bytes.dropFirst(40), as: UTF8.self)
        }
    }

    private func names(_ notices: [Notice]) -> [String] {
        notices.map {
            switch $0 {
            case .event(let event, _): event.name
            case .fault(let fault, _, _): fault.rawValue
            }
        }
    }

    @Test func `an announcement is open in the kernel before its rewritten packet goes on`() throws {
        var engine = engine()
        let verdict = engine.control(announcement.span, at: start)
        #expect(text(verdict) == "PORT 10,2,0,100,19,137\r\n")
        let calls = memory.take()
        #expect(calls.first == .entry(Samples.mapping.original))
        #expect(calls.contains(.open(1, timeout: 300)))
        #expect(calls.contains(.beLiberal(Samples.mapping)))
        #expect(engine.expectations.map(\.id) == [1])
        #expect(names(engine.notices.drain()) == ["connection", "expectation", "rewritten"])
        #expect(engine.notices.drain().isEmpty)
    }

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
    private func gather(_ packets: [[UInt8]], in engine: inout Engine<FakeKernel>) -> [String?] {
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
    private func announcements(_ ports: Range<UInt8>) -> [[UInt8]] {
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

    @Test func `after a kill at any moment the next daemon knows all open expectations`() throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/state"
        let identity = StateFile.identity(ofBoot: "this one")
        let state = try StateFile.create(for: file, identity: identity, connections: 10)
        var engine = Engine(Policy(), FakeKernel(memory: memory), state: state)
        _ = engine.survey(at: start)
        try engine.publishState()
        /// What a daemon that is started now goes on with.
        func kept() -> [UInt64] {
            let bytes = (try? PrivateFile.read(file, owner: nil)) ?? []
            let records = StateFile.contents(of: bytes, identity: identity)?.records.map(\.words) ?? []
            return records.compactMap { KeptConnection($0, at: start)?.expectation?.id }
        }
        var views: [[UInt64]] = []
        memory.look = { views.append(kept()) }
        let packets = announcements(100..<103)
        let first = packets[0]
        _ = engine.control(first.span, at: start)
        #expect(views == [[1]], "it is opened when it is kept")
        _ = gather(Array(packets[1...]), in: &engine)
        engine.settle(at: start)
        #expect(views == [[1], [1], [3]], "the old one is closed when it is kept still")
        let wasOpen = engine.delete(3, at: start)
        #expect(wasOpen && views.last == [3])
        #expect(kept().isEmpty)
    }

    @Test func `open expectations are added to the sets again when the rules return`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = memory.take()
        engine.note(.missing, at: start)
        #expect(memory.take() == [])
        engine.note(.repaired, at: start)
        #expect(memory.take() == [.open(1, timeout: 300)])
        // Both ends are asked where they are: the line was rewritten, and packets may have bypassed the queue.
        engine.fire(at: start)
        #expect(memory.take() == [.beLiberal(Samples.mapping), .inject, .inject])
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
    private func control(
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

    @Test func `of two records of a connection the newer one is restored, and none is counted as dropped`() {
        var earlier = Tracker(policy: Policy(), keepsRecords: true)
        var output = Output()
        var records: [[UInt64]] = []
        earlier.noteEarlier(Samples.mapping, entryID: 1)
        earlier.learn(
            Samples.mapping,
            entryID: 1,
            hasKernelHelper: false,
            phase: .established,
            at: start,
            into: &output
        )
        for text in ["NOOP\r\n", "PORT 10,1,0,2,19,137\r\n"] {
            let packet = packet(Samples.mapping.original, [.ack, .psh], text)
            _ = earlier.receive(packet.span, at: start, into: &output)
            earlier.takeRecords { place, record in
                if let record { records.insert(record, at: 0) }
                return place
            }
        }
        #expect(records.count == 2)

        var engine = engine()
        #expect(engine.restore(records, at: start) == (1, 0))
        #expect(engine.connections.map(\.mapping) == [Samples.mapping])
    }

    @Test(arguments: ["not asked", "no room", "another mapping"])
    func `a connection that cannot be restored is not adopted`(reason: String) throws {
        var earlier = Tracker(policy: Policy(), keepsRecords: true)
        var output = Output()
        let handshake = packet(Samples.mapping.reply, [.syn, .ack], sequence: 4999, acknowledgement: 1000)
        for _ in 0..<2 {
            guard case .needsMapping = earlier.receive(handshake.span, at: start, into: &output) else {
                break
            }
            earlier.learn(
                Samples.mapping,
                entryID: 1,
                hasKernelHelper: false,
                phase: .opening,
                at: start,
                into: &output
            )
        }
        var records: [[UInt64]] = []
        earlier.takeRecords { _, record in
            if let record { records.append(record) }
            return 1
        }
        #expect(records.count == 1)

        var policy = Policy()
        if reason == "no room" { policy.maximumConnections = 0 }
        var engine = Engine(policy, FakeKernel(memory: memory))
        if reason == "not asked" { memory.entryFailure = failure }
        if reason == "another mapping" { memory.mapping?.reply.destination.port ^= 1 }
        #expect(engine.restore(records, at: start) == (0, 1))
        engine.adopt(Policy(), at: start)
        memory.entryFailure = nil
        memory.established = memory.mapping.map { [memory.entry($0)] } ?? []
        _ = engine.survey(at: start)
        _ = engine.control(announcement.span, at: start)
        #expect(engine.connections.isEmpty)
        #expect(engine.expectations.isEmpty)
    }

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
    private func entry(inZone zone: UInt16, isOpening: Bool = false) -> ConntrackEntry {
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

    @Test func `an expectation that the kernel rejects closes as failed, and its packet goes on`() {
        var engine = engine()
        memory.failure = failure
        #expect(text(engine.control(announcement.span, at: start)) != "drop")
        #expect(engine.expectations.isEmpty)
        let notices = engine.notices.drain()
        #expect(notices.contains(.fault(.openPinhole, reason: failure.description, leftOut: 0)))
        let closings = notices.compactMap { notice -> Event.Closing? in
            if case .event(.closed(_, let closing), _) = notice { closing } else { nil }
        }
        #expect(closings == [.failed])
    }

    @Test func `the SYN of a data connection gets its entry and uses up the expectation`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = memory.take()
        _ = engine.notices.drain()
        let tuple = Tuple(
            source: Endpoint(Samples.server.address, 20),
            destination: Endpoint(Samples.gateway, 5001)
        )
        let syn = packet(tuple, [.syn])
        #expect(text(engine.data(syn.span, at: start)) == "accept")
        #expect(memory.take() == [.establish(tuple), .close(1)])
        #expect(names(engine.notices.drain()) == ["data"])
        #expect(text(engine.data(syn.span, at: start)) == "accept")
        #expect(memory.take() == [])
    }

    @Test func `a SYN whose entry cannot be made goes on, and the next SYN tries again`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = engine.notices.drain()
        let tuple = Tuple(
            source: Endpoint(Samples.server.address, 20),
            destination: Endpoint(Samples.gateway, 5001)
        )
        let syn = packet(tuple, [.syn])
        memory.failure = failure
        #expect(text(engine.data(syn.span, at: start)) == "accept")
        #expect(names(engine.notices.drain()) == ["create-connection"])
        memory.failure = nil
        _ = engine.data(syn.span, at: start)
        #expect(names(engine.notices.drain()) == ["data"])
    }

    @Test func `an expectation expires at its deadline, in the kernel as well`() throws {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = memory.take()
        _ = engine.notices.drain()
        var names: [String] = []
        // Until then conntrack is asked now and then whether it still has the connection.
        while let deadline = engine.nextDeadline, deadline < start.advanced(bySeconds: 301) {
            engine.fire(at: deadline)
            names += self.names(engine.notices.drain())
        }
        #expect(names == ["expired"])
        #expect(memory.take().filter { $0 == .close(1) }.count == 1)
    }

    @Test func `a connection that conntrack has lost takes its expectation with it`() throws {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = engine.notices.drain()
        memory.mapping = nil
        let deadline = engine.nextDeadline
        engine.fire(at: try #require(deadline))
        #expect(names(engine.notices.drain()) == ["closed"])
        #expect(engine.expectations.isEmpty)
    }

    @Test func `a failing check of a connection changes nothing`() throws {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = engine.notices.drain()
        memory.entryFailure = failure
        let next = engine.nextDeadline
        let deadline = try #require(next)
        engine.fire(at: deadline)
        #expect(names(engine.notices.drain()) == ["find-connection"])
        #expect(engine.expectations.count == 1)
        let later = engine.nextDeadline
        #expect(try #require(later) > deadline)
    }

    @Test func `every failure is counted, and a few of each kind are reported`() {
        var engine = engine()
        memory.entryFailure = failure
        for _ in 0..<100 { _ = engine.control(announcement.span, at: start) }
        #expect(names(engine.notices.drain()).filter { $0 == "find-connection" }.count == 5)
        _ = engine.control(announcement.span, at: start.advanced(bySeconds: 10))
        #expect(
            engine.notices.drain().first == .fault(.findConnection, reason: failure.description, leftOut: 95)
        )
        #expect(engine.report(QueueFigures(), lostLines: 0).faults[.findConnection] == 101)
    }

    @Test(arguments: [[], [0x45], [UInt8](repeating: 0xff, count: 40)])
    func `bytes that are no packet go on`(_ bytes: [UInt8]) {
        var engine = engine()
        #expect(text(engine.control(bytes.span, at: start)) == "accept")
        #expect(text(engine.data(bytes.span, at: start)) == "accept")
        #expect(memory.take() == [])
    }

    // MARK: Transfers

    private static let dataTuple = Tuple(
        source: Endpoint(Samples.server.address, 20),
        destination: Endpoint(Samples.gateway, 5001)
    )

    /// What conntrack has counted of a download, four packets of them without data.
    private static func traffic(_ bytes: UInt64) -> Traffic {
        Traffic(
            original: Traffic.Direction(packets: 5, bytes: bytes + 5 * 40),
            reply: Traffic.Direction(packets: 4, bytes: 4 * 40)
        )
    }

    /// The reply that ends the download.
    private let final = packet(Samples.mapping.reply, [.ack], sequence: 5008, "226 done\r\n")

    /// A engine on which a file is being downloaded.
    private func download() -> Engine<FakeKernel> {
        var engine = engine()
        let client = Samples.mapping.original
        let server = Samples.mapping.reply
        let port = "PORT 10,1,0,2,19,137\r\n"
        _ = engine.control(
            packet(client, [.ack], sequence: 1000, acknowledgement: 5000, port).span,
            at: start
        )
        _ = engine.control(packet(server, [.ack], sequence: 5000, "200 ok\r\n").span, at: start)
        _ = engine.control(
            packet(client, [.ack], sequence: 1022, acknowledgement: 5008, "RETR f\r\n").span,
            at: start
        )
        memory.data[Self.dataTuple] = (Self.traffic(1000), 3)
        _ = engine.data(packet(Self.dataTuple, [.syn]).span, at: start)
        _ = engine.notices.drain()
        return engine
    }

    private func transfers(_ notices: [Notice]) -> [TransferSummary] {
        notices.compactMap { if case .event(.transfer(let transfer), _) = $0 { transfer } else { nil } }
    }

    @Test func `conntrack's byte counts are read for lists and at the end of a transfer`() throws {
        var engine = download()
        #expect(engine.transfers(at: start).map(\.moved) == [1000])
        memory.data[Self.dataTuple] = (Self.traffic(3000), 3)
        let text = answer(.transfers(.text), of: &engine)
        #expect(
            text.hasPrefix(
                "RETR client=10.1.0.2:40112 server=10.2.0.2:21 user=\"\" path=f direction=download "
            )
        )
        #expect(text.contains("up=0 down=3000"))
        #expect(answer(.transfers(.json), of: &engine).contains(#""bytes":{"up":0,"down":3000}"#))
        #expect(engine.report(nil, lostLines: 0).transfers == 1)

        memory.data[Self.dataTuple] = (Self.traffic(5000), 4)
        _ = engine.control(final.span, at: start)
        #expect(transfers(engine.notices.drain()).map(\.moved) == [5000])
        #expect(answer(.transfers(.json), of: &engine) == "[]\n")
        #expect(engine.report(nil, lostLines: 0).statistics.bytesDown == 5000)
    }

    @Test func `a transfer without byte counts is reported without them`() {
        var engine = download()
        memory.data[Self.dataTuple] = (nil, 3)
        #expect(engine.transfers(at: start).map(\.bytes) == [nil])
        _ = engine.control(final.span, at: start)
        #expect(transfers(engine.notices.drain()).map(\.bytes) == [nil])
    }

    @Test func `byte counts of another connection's entry are ignored`() {
        var engine = download()
        memory.mapping = Mapping(untranslated: Self.dataTuple)
        _ = engine.control(final.span, at: start)
        #expect(transfers(engine.notices.drain()).map(\.bytes) == [nil])
    }

    @Test func `a transfer is reported even if conntrack cannot be asked`() {
        var engine = download()
        memory.entryFailure = failure
        _ = engine.control(final.span, at: start)
        let notices = engine.notices.drain()
        #expect(transfers(notices).map(\.bytes) == [nil])
        #expect(names(notices) == ["find-connection", "transfer"])
    }

    /// The whole answer to a request.
    private func answer(
        _ request: ControlRequest,
        user: UInt32 = 0,
        of engine: inout Engine<FakeKernel>
    ) -> String {
        let facts = DaemonFacts(
            version: "1.2.3",
            process: 4711,
            started: Instant(nanoseconds: start.nanoseconds - 1_000_000_000),
            backend: .nft,
            queues: QueueNumbers(),
            user: 4712,
            statePath: "/run/pinhole/control.state"
        )
        let answer = ControlResponder(user: user, facts: facts, lostLines: 0, at: start)
            .answer(request, from: &engine, queue: QueueFigures.init) { _ in .whole("reloaded\n") }
        switch answer {
        case .pieces(let next): return (sequence(state: ()) { _ in next() }).joined()
        case .records(let hello): return "records of \(hello.text)"
        case .events(let format): return "events \(format.rawValue)"
        case .trace(let target): return "trace \(target)"
        case .failure(let message, let hint): return "\(message): \(hint)"
        }
    }

    @Test func `each list is available as text and as JSON`() {
        var engine = engine()
        #expect(answer(.expectations(.json), of: &engine) == "[]\n")
        #expect(answer(.connections(.text), of: &engine) == "")
        _ = engine.control(announcement.span, at: start)
        let expectation = engine.expectations[0]
        #expect(answer(.expectations(.json), of: &engine) == "[\(expectation.json(at: start).text)]\n")
        #expect(answer(.expectations(.text), of: &engine) == "\(expectation.text(at: start))\n")
        #expect(
            answer(.connections(.json), of: &engine) == "[\(engine.connections[0].json(at: start).text)]\n"
        )
        #expect(answer(.statistics(.json), of: &engine).hasPrefix(#"{"packets":2,"connections":1,"#))
        #expect(answer(.events(.json), of: &engine) == "events json")
    }

    @Test func `a list may be limited to some sessions`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        func has(_ client: String?, _ server: String?, _ user: String?) -> Bool {
            var filter = ListFilter()
            (filter.client, filter.server, filter.user) = (client, server, user)
            let lists = [ControlRequest.connections(.text, filter), .expectations(.text, filter)].map {
                answer($0, of: &engine).count { $0 == "\n" }
            }
            #expect(lists[0] == lists[1])
            return lists[0] == 1
        }
        #expect(has("10.1.0.2", nil, nil))
        #expect(has("10.1.0.0/16", "10.2.0.2", nil))
        #expect(!has("10.1.0.3", nil, nil))
        #expect(!has(nil, "10.2.0.3", nil))
        #expect(!has(nil, nil, "nobody"))
    }

    @Test func `the last hundred refusals are kept, the newest first`() {
        var engine = engine()
        #expect(answer(.refusals(.text), of: &engine) == "")
        for number in 0..<120 {
            let line = "PORT 10,1,0,2,0,\(100 + number)\r\n"
            _ = engine.control(
                packet(
                    Samples.mapping.original,
                    [.ack],
                    sequence: 1000 + UInt32(number * line.utf8.count),
                    line
                ).span,
                at: start
            )
        }
        let lines = answer(.refusals(.text), of: &engine).split(separator: "\n")
        #expect(lines.count == 100)
        #expect(lines.first?.contains(#" refused reason=privileged-port kind=PORT "#) == true)
        #expect(lines.first?.contains(#" line="PORT 10,1,0,2,0,219" "#) == true)
        #expect(lines.last?.contains(#" line="PORT 10,1,0,2,0,120" "#) == true)
        var filter = ListFilter()
        filter.client = "10.1.0.3"
        #expect(answer(.refusals(.json, filter), of: &engine) == "[]\n")
        let status = answer(.status, of: &engine)
        #expect(status.hasPrefix(#"{"version":"1.2.3","process":4711,"uptime":1,"backend":"nft","#))
        #expect(status.contains(#","refused":120,"#))
        #expect(status.matches(of: /"event":"refused"/).count == 3)
    }

    @Test func `only root and the daemon's own user may follow the records`() {
        var engine = engine()
        for user in [0, 4712] as [UInt32] {
            #expect(
                answer(.records, user: user, of: &engine) == "records of /run/pinhole/control.state"
            )
        }
        #expect(
            answer(.records, user: 4711, of: &engine)
                == "only root and the daemon's user may follow the records: run it as the daemon's user"
        )
    }

    @Test func `an unknown session cannot be ended, and a known one is ended once`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        let id = engine.connections.first?.id ?? 0
        #expect(
            answer(.disconnect(id &+ 1), of: &engine)
                == "there is no session \(id &+ 1): see pinhole connections"
        )
        #expect(answer(.disconnect(id), of: &engine) == "")
        #expect(engine.expectations.isEmpty && engine.connections.isEmpty)
    }

    @Test func `a survey reports how many it found and probes sessions that missed packets`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = memory.take()
        #expect(answer(.survey, of: &engine) == "found 1\n")
        while let deadline = engine.nextDeadline, deadline <= start { engine.fire(at: deadline) }
        #expect(memory.take().count { $0 == .inject } == 2, "both ends are asked where they are")
    }

    @Test func `only root may close expectations`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = memory.take()
        for request in [ControlRequest.delete(1), .disconnect(1), .flush, .reload] {
            #expect(answer(request, user: 1000, of: &engine) == "only root may do that: use sudo")
        }
        #expect(engine.expectations.count == 1)
        #expect(answer(.delete(2), of: &engine) == "there is no expectation 2: see pinhole expectations")
        #expect(answer(.delete(1), of: &engine) == "")
        #expect(memory.take() == [.close(1)])
        #expect(answer(.flush, of: &engine) == "closed 0\n")
        _ = engine.control(
            packet(Samples.mapping.original, [.ack], sequence: 1022, "PORT 10,1,0,2,19,138\r\n").span,
            at: start
        )
        #expect(answer(.flush, of: &engine) == "closed 1\n")
        #expect(answer(.reload, of: &engine) == "reloaded\n")
    }
}
