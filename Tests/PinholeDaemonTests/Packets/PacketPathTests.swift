import FTPHelper
import Glibc
import Netfilter
import Testing

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
    private func path() -> PacketPath<FakeKernel> {
        var path = PacketPath(Policy(), FakeKernel(memory: memory))
        _ = path.survey(at: start)
        return path
    }

    /// The client's announcement, on that connection.
    private let announcement = packet(Samples.mapping.original, [.ack, .psh], "PORT 10,1,0,2,19,137\r\n")

    private func text(_ ruling: PacketQueue.Ruling) -> String? {
        switch ruling {
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

    @Test func `an announcement is open in the kernel before its packet goes on, rewritten`() throws {
        var path = path()
        let ruling = path.control(announcement.span, at: start)
        #expect(text(ruling) == "PORT 10,2,0,100,19,137\r\n")
        let calls = memory.take()
        #expect(calls.first == .entry(Samples.mapping.original))
        #expect(calls.contains(.open(1, timeout: 300)))
        #expect(calls.contains(.beLiberal(Samples.mapping)))
        #expect(path.expectations.map(\.id) == [1])
        #expect(names(path.takeNotices()) == ["connection", "expectation", "rewritten"])
        #expect(path.takeNotices().isEmpty)
    }

    @Test func `of packets that come together each is ruled over by what it says`() {
        var path = path()
        let plain = packet(Samples.mapping.original, [.ack])
        let first = announcement.count
        let bytes = announcement + plain
        let batch = [
            QueuedPacket(id: 1, payload: 0..<first), QueuedPacket(id: 2, payload: nil),
            QueuedPacket(id: 3, payload: first..<bytes.count),
        ]
        let rulings = batch.indices.map { text(path.control(batch, $0, in: bytes.span, at: start)) }
        #expect(rulings == ["PORT 10,2,0,100,19,137\r\n", "accept", "accept"])
        #expect(path.expectations.map(\.id) == [1])
    }

    /// Rules over packets that come together; what they lead to is still to be done.
    private func gather(_ packets: [[UInt8]], in path: inout PacketPath<FakeKernel>) -> [String?] {
        let bytes = packets.flatMap { $0 }
        var batch: [QueuedPacket] = []
        var offset = 0
        for packet in packets {
            batch.append(QueuedPacket(id: UInt32(batch.count), payload: offset..<offset + packet.count))
            offset += packet.count
        }
        return batch.indices.map { text(path.control(batch, $0, in: bytes.span, at: start)) }
    }

    /// Announcements of the client, one behind the other, each in a packet of its own.
    private func announcements(_ ports: Range<UInt8>) -> [[UInt8]] {
        let lines = ports.map { "PORT 10,1,0,2,19,\($0)\r\n" }
        return lines.enumerated().map { number, line in
            let sequence = 1000 + lines[..<number].reduce(0) { $0 + UInt32($1.utf8.count) }
            return packet(Samples.mapping.original, [.ack, .psh], sequence: sequence, line)
        }
    }

    @Test func `of what packets together announce, what holds in the end is opened before any goes on`() {
        var path = path()
        let rulings = gather(announcements(100..<130), in: &path)
        #expect(rulings.count == 30 && rulings.last == "PORT 10,2,0,100,19,129\r\n")
        #expect(memory.take() == [.entry(Samples.mapping.original)], "all are ruled over first")
        path.settle(at: start)
        #expect(memory.take() == [.beLiberal(Samples.mapping), .open(30, timeout: 300)])
        #expect(path.expectations.map(\.id) == [30])
        path.settle(at: start)
        #expect(memory.take() == [], "it is done once")
    }

    @Test func `what was open before packets come together is closed before what they announce is opened`() {
        var path = path()
        let packets = announcements(100..<104)
        let first = packets[0]
        _ = path.control(first.span, at: start)
        _ = memory.take()
        _ = gather(Array(packets[1...]), in: &path)
        path.settle(at: start)
        #expect(memory.take() == [.close(1), .open(4, timeout: 300)])
    }

    @Test func `whenever it is killed, the next daemon knows of all that is open`() throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/state"
        let identity = StateFile.identity(ofBoot: "this one")
        let state = try StateFile.create(for: file, identity: identity, connections: 10)
        var path = PacketPath(Policy(), FakeKernel(memory: memory), state: state)
        _ = path.survey(at: start)
        try path.publishState()
        /// What a daemon that is started now goes on with.
        func kept() -> [UInt64] {
            let bytes = (try? PrivateFile.read(file, owner: nil)) ?? []
            let records = StateFile.records(in: bytes, identity: identity) ?? []
            return records.compactMap { KeptConnection($0, at: start)?.expectation?.id }
        }
        var views: [[UInt64]] = []
        memory.look = { views.append(kept()) }
        let packets = announcements(100..<103)
        let first = packets[0]
        _ = path.control(first.span, at: start)
        #expect(views == [[1]], "it is opened when it is kept")
        _ = gather(Array(packets[1...]), in: &path)
        path.settle(at: start)
        #expect(views == [[1], [1], [3]], "the old one is closed when it is kept still")
        let wasOpen = path.delete(3, at: start)
        #expect(wasOpen && views.last == [3])
        #expect(kept().isEmpty)
    }

    @Test func `an announcement that the kernel does not take is none, though others came with it`() {
        var path = path()
        memory.failure = failure
        _ = gather(announcements(100..<103), in: &path)
        path.settle(at: start)
        #expect(path.expectations.isEmpty)
        #expect(path.report(nil, lostLines: 0).faults[.openPinhole] == 1)
    }

    @Test func `of two records of a connection the newer goes on, and none is dropped`() {
        var earlier = Tracker(policy: Policy(), keepsRecords: true)
        var output = Output()
        var records: [[UInt64]] = []
        earlier.noteEarlier(Samples.mapping, entryID: 1)
        earlier.learn(
            Samples.mapping,
            entryID: 1,
            isHelped: false,
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

        var path = path()
        #expect(path.restore(records, at: start) == (1, 0))
        #expect(path.connections.map(\.mapping) == [Samples.mapping])
    }

    @Test(arguments: ["not asked", "no room", "another mapping"])
    func `a connection that cannot be taken back is not adopted instead`(reason: String) throws {
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
                isHelped: false,
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
        var path = PacketPath(policy, FakeKernel(memory: memory))
        if reason == "not asked" { memory.entryFailure = failure }
        if reason == "another mapping" { memory.mapping?.reply.destination.port ^= 1 }
        #expect(path.restore(records, at: start) == (0, 1))
        path.adopt(Policy(), at: start)
        memory.entryFailure = nil
        memory.established = memory.mapping.map { [memory.entry($0)] } ?? []
        _ = path.survey(at: start)
        _ = path.control(announcement.span, at: start)
        #expect(path.connections.isEmpty)
        #expect(path.expectations.isEmpty)
    }

    @Test func `conntrack is asked once for a connection, and packets without news tell nothing`() {
        var path = path()
        let plain = packet(Samples.mapping.original, [.ack])
        _ = path.control(plain.span, at: start)
        #expect(memory.take() == [.entry(Samples.mapping.original)])
        _ = path.takeNotices()
        for _ in 0..<3 { #expect(text(path.control(plain.span, at: start)) == "accept") }
        #expect(memory.take() == [])
        #expect(path.takeNotices().isEmpty)
    }

    @Test func `a connection that conntrack does not have goes on without help`() {
        var path = path()
        memory.mapping = nil
        #expect(text(path.control(announcement.span, at: start)) == "accept")
        #expect(memory.take() == [.entry(Samples.mapping.original)])
        // It may be in a zone that nobody knows of, until that was looked for as often as may be.
        for _ in 0..<3 {
            path.search(at: start)
            #expect(text(path.control(announcement.span, at: start)) == "accept")
        }
        #expect(names(path.takeNotices()) == ["refused"])
        #expect(path.report(QueueFigures(), lostLines: 0).statistics.refused == [.noMapping: 1])
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

    @Test func `a connection in a zone that nobody knows of is searched for, but not for ever`() {
        var path = path()
        memory.mapping = nil
        for _ in 0..<20 {
            _ = path.control(announcement.span, at: start)
            path.search(at: start)
        }
        #expect(memory.searches == 3)
        memory.zoned.unknown = [entry(inZone: 5)]
        #expect(text(path.control(announcement.span, at: start)) == "accept")
        let later = start.advanced(bySeconds: 10)
        #expect(text(path.control(announcement.span, at: later)) == "accept")
        path.search(at: later)
        let ruling = path.control(announcement.span, at: later)
        #expect(memory.searches == 4)
        #expect(text(ruling) == "PORT 10,2,0,100,19,137\r\n")
        #expect(path.expectations.map(\.zone) == [5])
        #expect(memory.take().contains(.beLiberal(entry(inZone: 5).mapping)))
    }

    @Test func `while zones are searched for, a SYN-ACK waits to be sent again, and nothing else does`() {
        var path = path()
        memory.mapping = nil
        memory.zoned.unknown = [entry(inZone: 5, isOpening: true)]
        let handshake = packet(Samples.mapping.reply, [.syn, .ack], sequence: 9000, acknowledgement: 2000)
        for _ in 0..<3 {
            #expect(text(path.control(handshake.span, at: start)) == "drop")
            #expect(text(path.control(announcement.span, at: start)) == "accept")
        }
        #expect(memory.searches == 1 && path.connections.isEmpty)
        // Nobody was turned away.
        #expect(names(path.takeNotices()) == [])
        path.search(at: start)
        #expect(text(path.control(handshake.span, at: start)) == "accept")
        #expect(path.connections.map(\.mapping.original.zone) == [5])
    }

    @Test func `a packet that may be of one zone or of another goes on without help`() {
        var path = path()
        memory.zoned.known = [entry(inZone: 5)]
        #expect(text(path.control(announcement.span, at: start)) == "accept")
        #expect(path.connections.isEmpty && memory.searches == 0)
        #expect(names(path.takeNotices()) == ["refused"])
        // Of a new connection the entry tells that it is new.
        memory.zoned.known = [entry(inZone: 5, isOpening: true)]
        let handshake = packet(Samples.mapping.reply, [.syn, .ack], sequence: 9000, acknowledgement: 2000)
        _ = path.control(handshake.span, at: start)
        #expect(path.connections.map(\.mapping.original.zone) == [5])
    }

    @Test func `of a flood of refusals a few are told, and how many were left out`() {
        var path = path()
        memory.mapping = nil
        for _ in 0..<500 {
            _ = path.control(announcement.span, at: start)
            path.search(at: start)
        }
        #expect(path.takeNotices().count == 100)
        for _ in 0..<4 {
            _ = path.control(announcement.span, at: start.advanced(bySeconds: 10))
            path.search(at: start)
        }
        let leftOut = path.takeNotices().map { notice -> UInt64? in
            if case .event(.refused, let leftOut) = notice { leftOut } else { nil }
        }
        // With three of each ten seconds zones are looked for, and nothing is refused yet.
        #expect(leftOut == [397])
        #expect(path.report(QueueFigures(), lostLines: 0).statistics.refused == [.noMapping: 498])
    }

    @Test func `a conntrack that cannot be asked is a fault, and the packet goes on`() {
        var path = path()
        memory.entryFailure = failure
        #expect(text(path.control(announcement.span, at: start)) == "accept")
        #expect(names(path.takeNotices()) == ["find-connection", "refused"])
        #expect(path.report(QueueFigures(), lostLines: 0).faults[.findConnection] == 1)
    }

    @Test func `a connection with a kernel helper is left alone, and that is said once`() {
        var path = path()
        memory.helper = "ftp"
        for _ in 0..<3 { #expect(text(path.control(announcement.span, at: start)) == "accept") }
        #expect(memory.take() == [.entry(Samples.mapping.original)])
        let notices = path.takeNotices()
        #expect(
            notices == [
                .fault(
                    .kernelHelper,
                    reason: "10.1.0.2:40112 to 10.2.0.2:21 has the kernel helper ftp and is left to it",
                    leftOut: 0
                )
            ]
        )
        #expect(path.report(QueueFigures(), lostLines: 0).faults[.kernelHelper] == 1)
    }

    @Test func `an expectation that the kernel does not take is closed as failed, and its packet goes on`() {
        var path = path()
        memory.failure = failure
        #expect(text(path.control(announcement.span, at: start)) != "drop")
        #expect(path.expectations.isEmpty)
        let notices = path.takeNotices()
        #expect(notices.contains(.fault(.openPinhole, reason: failure.description, leftOut: 0)))
        let closings = notices.compactMap { notice -> Event.Closing? in
            if case .event(.closed(_, let closing), _) = notice { closing } else { nil }
        }
        #expect(closings == [.failed])
    }

    @Test func `the SYN of a data connection gets its entry and uses the expectation up`() {
        var path = path()
        _ = path.control(announcement.span, at: start)
        _ = memory.take()
        _ = path.takeNotices()
        let tuple = Tuple(
            source: Endpoint(Samples.server.address, 20),
            destination: Endpoint(Samples.gateway, 5001)
        )
        let syn = packet(tuple, [.syn])
        #expect(text(path.data(syn.span, at: start)) == "accept")
        #expect(memory.take() == [.establish(tuple), .close(1)])
        #expect(names(path.takeNotices()) == ["data"])
        #expect(text(path.data(syn.span, at: start)) == "accept")
        #expect(memory.take() == [])
    }

    @Test func `a SYN whose entry cannot be made goes on, and the next one tries again`() {
        var path = path()
        _ = path.control(announcement.span, at: start)
        _ = path.takeNotices()
        let tuple = Tuple(
            source: Endpoint(Samples.server.address, 20),
            destination: Endpoint(Samples.gateway, 5001)
        )
        let syn = packet(tuple, [.syn])
        memory.failure = failure
        #expect(text(path.data(syn.span, at: start)) == "accept")
        #expect(names(path.takeNotices()) == ["create-connection"])
        memory.failure = nil
        _ = path.data(syn.span, at: start)
        #expect(names(path.takeNotices()) == ["data"])
    }

    @Test func `an expectation expires at its deadline, in the kernel too`() throws {
        var path = path()
        _ = path.control(announcement.span, at: start)
        _ = memory.take()
        _ = path.takeNotices()
        var names: [String] = []
        // Until then conntrack is asked now and then whether it still has the connection.
        while let deadline = path.nextDeadline, deadline < start.advanced(bySeconds: 301) {
            path.fire(at: deadline)
            names += self.names(path.takeNotices())
        }
        #expect(names == ["expired"])
        #expect(memory.take().filter { $0 == .close(1) }.count == 1)
    }

    @Test func `a connection that conntrack has no more takes its expectation along`() throws {
        var path = path()
        _ = path.control(announcement.span, at: start)
        _ = path.takeNotices()
        memory.mapping = nil
        let deadline = path.nextDeadline
        path.fire(at: try #require(deadline))
        #expect(names(path.takeNotices()) == ["closed"])
        #expect(path.expectations.isEmpty)
    }

    @Test func `a conntrack that cannot be asked whether a connection is there changes nothing`() throws {
        var path = path()
        _ = path.control(announcement.span, at: start)
        _ = path.takeNotices()
        memory.entryFailure = failure
        let next = path.nextDeadline
        let deadline = try #require(next)
        path.fire(at: deadline)
        #expect(names(path.takeNotices()) == ["find-connection"])
        #expect(path.expectations.count == 1)
        let later = path.nextDeadline
        #expect(try #require(later) > deadline)
    }

    @Test func `every failure is counted, and few of a kind are told`() {
        var path = path()
        memory.entryFailure = failure
        for _ in 0..<100 { _ = path.control(announcement.span, at: start) }
        #expect(names(path.takeNotices()).filter { $0 == "find-connection" }.count == 5)
        _ = path.control(announcement.span, at: start.advanced(bySeconds: 10))
        #expect(path.takeNotices().first == .fault(.findConnection, reason: failure.description, leftOut: 95))
        #expect(path.report(QueueFigures(), lostLines: 0).faults[.findConnection] == 101)
    }

    @Test(arguments: [[], [0x45], [UInt8](repeating: 0xff, count: 40)])
    func `what is no packet goes on`(_ bytes: [UInt8]) {
        var path = path()
        #expect(text(path.control(bytes.span, at: start)) == "accept")
        #expect(text(path.data(bytes.span, at: start)) == "accept")
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

    /// A path on which a file is being downloaded.
    private func download() -> PacketPath<FakeKernel> {
        var path = path()
        let client = Samples.mapping.original
        let server = Samples.mapping.reply
        let port = "PORT 10,1,0,2,19,137\r\n"
        _ = path.control(packet(client, [.ack], sequence: 1000, acknowledgement: 5000, port).span, at: start)
        _ = path.control(packet(server, [.ack], sequence: 5000, "200 ok\r\n").span, at: start)
        _ = path.control(
            packet(client, [.ack], sequence: 1022, acknowledgement: 5008, "RETR f\r\n").span,
            at: start
        )
        memory.data[Self.dataTuple] = (Self.traffic(1000), 3)
        _ = path.data(packet(Self.dataTuple, [.syn]).span, at: start)
        _ = path.takeNotices()
        return path
    }

    private func transfers(_ notices: [Notice]) -> [TransferSummary] {
        notices.compactMap { if case .event(.transfer(let transfer), _) = $0 { transfer } else { nil } }
    }

    @Test func `what goes over is asked for when somebody wants to see it, and at the end`() throws {
        var path = download()
        #expect(path.transfers(at: start).map(\.moved) == [1000])
        memory.data[Self.dataTuple] = (Self.traffic(3000), 3)
        let text = answer(.transfers(.text), of: &path)
        #expect(
            text.hasPrefix(
                "RETR client=10.1.0.2:40112 server=10.2.0.2:21 user=\"\" path=f direction=download "
            )
        )
        #expect(text.contains("up=0 down=3000"))
        #expect(answer(.transfers(.json), of: &path).contains(#""bytes":{"up":0,"down":3000}"#))
        #expect(path.report(nil, lostLines: 0).transfers == 1)

        memory.data[Self.dataTuple] = (Self.traffic(5000), 4)
        _ = path.control(final.span, at: start)
        #expect(transfers(path.takeNotices()).map(\.moved) == [5000])
        #expect(answer(.transfers(.json), of: &path) == "[]\n")
        #expect(path.report(nil, lostLines: 0).statistics.bytesDown == 5000)
    }

    @Test func `a transfer whose bytes nobody counts is told without them`() {
        var path = download()
        memory.data[Self.dataTuple] = (nil, 3)
        #expect(path.transfers(at: start).map(\.bytes) == [nil])
        _ = path.control(final.span, at: start)
        #expect(transfers(path.takeNotices()).map(\.bytes) == [nil])
    }

    @Test func `an entry that is another connection's by now counts for nothing`() {
        var path = download()
        memory.mapping = Mapping(untranslated: Self.dataTuple)
        _ = path.control(final.span, at: start)
        #expect(transfers(path.takeNotices()).map(\.bytes) == [nil])
    }

    @Test func `a transfer is told even when conntrack cannot be asked`() {
        var path = download()
        memory.entryFailure = failure
        _ = path.control(final.span, at: start)
        let notices = path.takeNotices()
        #expect(transfers(notices).map(\.bytes) == [nil])
        #expect(names(notices) == ["find-connection", "transfer"])
    }

    /// The whole answer to a request.
    private func answer(
        _ request: ControlRequest,
        user: UInt32 = 0,
        of path: inout PacketPath<FakeKernel>
    ) -> String {
        let answer = path.answer(request, user: user, lostLines: 0, at: start, queue: QueueFigures.init) {
            _ in
            .whole("reloaded\n")
        }
        switch answer {
        case .pieces(let next): return (sequence(state: ()) { _ in next() }).joined()
        case .events(let format): return "events \(format.rawValue)"
        case .failure(let message, let mend): return "\(message): \(mend)"
        }
    }

    @Test func `what there is can be listed as text and as JSON`() {
        var path = path()
        #expect(answer(.expectations(.json), of: &path) == "[]\n")
        #expect(answer(.connections(.text), of: &path) == "")
        _ = path.control(announcement.span, at: start)
        let expectation = path.expectations[0]
        #expect(answer(.expectations(.json), of: &path) == "[\(expectation.json(at: start).text)]\n")
        #expect(answer(.expectations(.text), of: &path) == "\(expectation.text(at: start))\n")
        #expect(answer(.connections(.json), of: &path) == "[\(path.connections[0].json.text)]\n")
        #expect(answer(.statistics(.json), of: &path).hasPrefix(#"{"packets":2,"connections":1,"#))
        #expect(answer(.events(.json), of: &path) == "events json")
    }

    @Test func `root closes expectations, and nobody else does`() {
        var path = path()
        _ = path.control(announcement.span, at: start)
        _ = memory.take()
        for request in [ControlRequest.delete(1), .flush, .reload] {
            #expect(answer(request, user: 1000, of: &path) == "only root may do that: use sudo")
        }
        #expect(path.expectations.count == 1)
        #expect(answer(.delete(2), of: &path) == "there is no expectation 2: see pinhole expectations")
        #expect(answer(.delete(1), of: &path) == "")
        #expect(memory.take() == [.close(1)])
        #expect(answer(.flush, of: &path) == "closed 0\n")
        _ = path.control(
            packet(Samples.mapping.original, [.ack], sequence: 1022, "PORT 10,1,0,2,19,138\r\n").span,
            at: start
        )
        #expect(answer(.flush, of: &path) == "closed 1\n")
        #expect(answer(.reload, of: &path) == "reloaded\n")
    }
}
