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

@Suite struct EngineTests {
    let memory = FakeKernel.Memory()
    let start = Instant(nanoseconds: 1_000_000_000)
    let failure = SystemError("do it", code: ENOSPC)

    init() {
        memory.mapping = Samples.mapping
        memory.tcpState = 3
        memory.established = [entry(inZone: 0)]
    }

    /// The way of packets, of which one connection was established before.
    func engine() -> Engine<FakeKernel> {
        var engine = Engine(Policy(), FakeKernel(memory: memory))
        _ = engine.survey(at: start)
        return engine
    }

    /// The client's announcement, on that connection.
    let announcement = packet(Samples.mapping.original, [.ack, .psh], "PORT 10,1,0,2,19,137\r\n")

    func text(_ verdict: Ruling?) -> String? {
        switch verdict {
        case nil: nil
        case .accept: "accept"
        case .drop: "drop"
        case .replace(let bytes): String(decoding: bytes.dropFirst(40), as: UTF8.self)
        }
    }

    func names(_ notices: [Notice]) -> [String] {
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
        engine.note(.replaced, at: start)
        #expect(memory.take() == [.open(1, timeout: 300)], "the rules were there all the time")
    }

    @Test
    func `what is open is opened again when others have emptied a set, and nobody looks while nothing is`()
        throws
    {
        memory.sets.losesSilently = true
        var engine = engine()
        var look = engine.nextSetLook
        #expect(look == nil)
        _ = engine.control(announcement.span, at: start)
        _ = memory.take()
        _ = engine.notices.drain()
        look = engine.nextSetLook
        let first = try #require(look)
        #expect(first == start.advanced(bySeconds: 1))
        engine.lookAfterSets(at: first)
        #expect(memory.take() == [])
        memory.sets.areLost = true
        engine.lookAfterSets(at: first)
        #expect(memory.take() == [], "it is not time yet")
        let second = first.advanced(bySeconds: 1)
        engine.lookAfterSets(at: second)
        #expect(memory.take() == [.open(1, timeout: 298)])
        #expect(names(engine.notices.drain()) == ["emptied-set"])

        // The one that the kernel knew as the newest is gone.
        memory.sets.newest = nil
        engine.lookAfterSets(at: second.advanced(bySeconds: 1))
        #expect(memory.sets.newest == 1)
        engine.fire(at: start.advanced(bySeconds: 301))
        engine.lookAfterSets(at: start.advanced(bySeconds: 400))
        look = engine.nextSetLook
        #expect(look == nil)
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
}
