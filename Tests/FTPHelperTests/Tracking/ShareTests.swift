// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// What one client may have, so that there is something left for the others.
@Suite struct ShareTests {
    static let now = Instant(nanoseconds: 1_000_000_000)

    /// A connection of one client, or of another, to one server; behind NAT it is seen under one address.
    func mapping(_ number: Int, client: IPAddress = v4(10, 1, 0, 2), isTranslated: Bool = false)
        -> Mapping
    {
        let original = Tuple(
            source: Endpoint(client, UInt16(20000 + number)),
            destination: Endpoint(
                client.isSameFamily(as: .v4(0)) ? v4(10, 2, 0, 2) : .v6(high: 2, low: 2),
                21
            )
        )
        guard isTranslated else { return Mapping(untranslated: original) }
        let shown = Endpoint(v4(10, 2, 0, 100), UInt16(20000 + number))
        return Mapping(original: original, reply: Tuple(source: original.destination, destination: shown))
    }

    func tracker(room: Int = 1000, share: Int? = nil) -> Tracker {
        var policy = Policy()
        policy.maximumConnections = room
        policy.maximumClientConnections = share
        return Tracker(policy: policy, random: Seeded(state: 1))
    }

    /// Adds connections of a client, on each of which somebody logs in if so asked.
    private func connect(
        _ numbers: Range<Int>,
        client: IPAddress = v4(10, 1, 0, 2),
        logsIn: Bool,
        to tracker: consuming Tracker
    ) -> Tracker {
        var tracker = tracker
        for number in numbers {
            var dialogue = Dialogue(mapping(number, client: client), tracker: tracker)
            if logsIn { dialogue.logIn() }
            tracker = dialogue.release()
        }
        return tracker
    }

    func ports(_ tracker: borrowing Tracker) -> Set<Int> {
        Set(tracker.connections.map { Int($0.mapping.original.source.port) - 20000 })
    }

    @Test func `a client with its maximum of sessions gets no more help, and other clients do`() {
        var tracker = connect(0..<4, logsIn: true, to: tracker(share: 4))
        var dialogue = Dialogue(mapping(4), tracker: tracker)
        #expect(dialogue.refusals == [.tableFull])
        // It goes on without help, and conntrack is not asked about it again.
        dialogue.actions = []
        dialogue.logIn()
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(dialogue.verdict == .accept && dialogue.open.isEmpty && dialogue.actions.isEmpty)
        tracker = dialogue.release()
        #expect(ports(tracker) == [0, 1, 2, 3])
        tracker = connect(0..<4, client: v4(10, 1, 0, 3), logsIn: true, to: tracker)
        #expect(tracker.connectionCount == 8)
        #expect(tracker.statistics.refused == [.tableFull: 1])
    }

    @Test func `the default share of a client is a quarter of the table`() {
        let tracker = connect(0..<30, logsIn: true, to: tracker(room: 100))
        #expect(tracker.connectionCount == 25)
        #expect(tracker.statistics.refused == [.tableFull: 5])
        let least = connect(0..<3, logsIn: true, to: self.tracker(room: 3))
        #expect(least.connectionCount == 1)
    }

    @Test func `all addresses with the same 64 leading bits have one share`() {
        var tracker = tracker(share: 4)
        for number in 0..<6 {
            let client = IPAddress.v6(high: 0xfd01 << 48, low: UInt64(number))
            tracker = connect(number..<number + 1, client: client, logsIn: true, to: tracker)
        }
        #expect(tracker.connectionCount == 4)
        tracker = connect(9..<10, client: .v6(high: 0xfd02 << 48, low: 1), logsIn: true, to: tracker)
        #expect(tracker.connectionCount == 5)
    }

    @Test
    func `a client's closed connections are evicted first, then those without a login`() {
        var tracker = connect(0..<1, client: v4(10, 1, 0, 3), logsIn: false, to: tracker(share: 4))
        tracker = connect(1..<3, logsIn: false, to: tracker)
        tracker = connect(3..<5, logsIn: true, to: tracker)
        var closing = Dialogue(mapping(3), tracker: tracker, isAdopted: true)
        closing.perform { [mapping = mapping(3)] tracker, now, output in
            guard let slot = tracker.store.slot(of: mapping.original) else { return }
            tracker.update(slot) { $0.close(&$1, at: now, into: &output) }
        }
        tracker = closing.release()
        tracker = connect(5..<6, logsIn: true, to: tracker)
        #expect(ports(tracker) == [0, 1, 2, 4, 5])
        #expect(tracker.statistics.refused.isEmpty)
        tracker = connect(6..<7, logsIn: true, to: tracker)
        #expect(ports(tracker) == [0, 2, 4, 5, 6], "the one that has been silent longest")
        tracker = connect(7..<8, logsIn: true, to: tracker)
        #expect(ports(tracker) == [0, 4, 5, 6, 7], "that of another client stays")
        tracker = connect(8..<9, logsIn: true, to: tracker)
        #expect(ports(tracker) == [0, 4, 5, 6, 7])
        #expect(tracker.statistics.refused == [.tableFull: 3])
    }

    @Test func `in a full table a client cannot evict another's logged-in session`() {
        var tracker = connect(0..<2, client: v4(10, 1, 0, 3), logsIn: true, to: tracker(room: 8))
        tracker = connect(0..<300, logsIn: false, to: tracker)
        #expect(tracker.connectionCount == 4)
        let others = tracker.connections.count { $0.mapping.original.source.address == v4(10, 1, 0, 3) }
        #expect(others == 2)
    }

    // MARK: Counting

    /// What each client has, counted anew.
    private func counted(_ tracker: borrowing Tracker) -> [Client: Int] {
        var counts: [Client: Int] = [:]
        tracker.store.forEach { counts[$0.connection.client, default: 0] += 1 }
        return counts
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a client's counts match its connections and ports after any events`(seed: UInt64)
        throws
    {
        var crowd = Crowd(seed: seed)
        for step in 0..<400 {
            try crowd.act(step, tests: self)
            let counts = counted(crowd.tracker)
            for client in Crowd.clients.map(Client.init) {
                try #require(crowd.tracker.store.count(of: client) == counts[client] ?? 0)
                try #require(counts[client] ?? 0 <= 7)
            }
            try #require(crowd.tracker.store.clientCount == counts.count)
        }
        // In the end all of it is given back.
        crowd.removeAll()
        #expect(crowd.tracker.store.clientCount == 0)
        #expect(crowd.tracker.store.yielding == nil)
        let now = crowd.now.advanced(bySeconds: PortAllocator.restSeconds)
        var seeded = Seeded(state: 1)
        var ports = crowd.tracker.book.ports
        _ = ports.choose(1, for: Client(Crowd.clients[0]), at: now, random: &seeded)
        #expect(ports.clientCount == 0 && ports.restingCount == 0)
    }

    /// Four clients whose connections come, announce and go at random.
    private struct Crowd: ~Copyable {
        static let clients = (2...5).map { v4(10, 1, 0, $0) }
        var tracker: Tracker
        private(set) var now = ShareTests.now
        private let policy: Policy
        private let seed: UInt64
        private var random: Seeded
        private var output = Output()

        init(seed: UInt64) {
            self.seed = seed
            random = Seeded(state: seed)
            var policy = Policy()
            policy.maximumConnections = 20
            policy.maximumClientConnections = 7
            self.policy = policy
            tracker = Tracker(policy: policy, keepsRecords: true, random: Seeded(state: seed))
        }

        /// Does one thing to one of the connections, lets time pass, or restarts.
        mutating func act(_ step: Int, tests: ShareTests) throws {
            let index = Int.random(in: 0..<Crowd.clients.count, using: &random)
            let number = Int.random(in: 0..<15, using: &random)
            var mapping = tests.mapping(number, client: Crowd.clients[index], isTranslated: true)
            mapping.reply.destination.port += UInt16(index * 15)
            output.clear()
            switch Int.random(in: 0..<9, using: &random) {
            case 0...3: Crowd.connect(mapping, number, step, at: now, to: &tracker, &random)
            case 4: tracker.complete(.verified(mapping, .gone), at: now, into: &output)
            case 5:
                now = now.advanced(bySeconds: UInt32.random(in: 0...200, using: &random))
                while let deadline = tracker.nextDeadline, deadline <= now {
                    tracker.fire(at: now, into: &output)
                }
            case 6:
                mapping.reply.destination.port ^= 0x4000
                tracker.learn(mapping, hasKernelHelper: false, phase: .opening, at: now, into: &output)
            case 7: _ = tracker.flush(into: &output)
            default: try restart()
            }
        }

        /// Opens a connection; it may log in, announce a port, use it, and end.
        private static func connect(
            _ mapping: Mapping,
            _ number: Int,
            _ step: Int,
            at now: Instant,
            to tracker: inout Tracker,
            _ random: inout Seeded
        ) {
            let client = mapping.original.source.address
            var dialogue = Dialogue(mapping, tracker: tracker, initial: UInt32(step))
            dialogue.now = now
            if Bool.random(using: &random) { dialogue.logIn() }
            if Bool.random(using: &random) {
                let octets = "\(client)".replacing(".", with: ",")
                dialogue.send(.client, "PORT \(octets),19,\(number)\r\n")
            }
            if Bool.random(using: &random), let expectation = dialogue.tracker.expectations.last {
                let syn = PacketBuilder(
                    tuple: Tuple(source: Endpoint(expectation.from, 20), destination: expectation.to),
                    sequence: 1,
                    acknowledgement: 0,
                    flags: .syn
                )
                dialogue.use(syn.bytes)
            }
            if Bool.random(using: &random) { dialogue.send(.server, "", flags: [.rst, .ack]) }
            tracker = dialogue.release()
        }

        /// Lets another daemon take over from the records.
        private mutating func restart() throws {
            var records: [Int: [UInt64]] = [:]
            tracker.takeRecords { old, record in
                records[old] = nil
                guard let record else { return 0 }
                let place = (records.keys.max() ?? 0) + 1
                records[place] = record
                return place
            }
            tracker = Tracker(policy: policy, keepsRecords: true, random: Seeded(state: seed))
            for record in records.values {
                let kept = try #require(KeptConnection(record, at: now))
                _ = tracker.restore(kept, at: now, into: &output)
            }
        }

        mutating func removeAll() {
            _ = tracker.flush(into: &output)
            var rest: [ConnectionStore.Slot] = []
            tracker.store.forEach { rest.append($0) }
            for slot in rest { tracker.remove(slot, at: now, into: &output) }
        }
    }

    @Test func `clients are counted separately in any order of coming and going`() {
        var table = ClientTable()
        var model: [Client: Int] = [:]
        var random = Seeded(state: 5)
        for _ in 0..<20_000 {
            let client = Client(
                v4(
                    10,
                    0,
                    UInt32.random(in: 0..<8, using: &random),
                    UInt32.random(in: 0..<256, using: &random)
                )
            )
            if Int.random(in: 0..<100, using: &random) < 52 {
                table.add(client)
                model[client, default: 0] += 1
            } else if let count = model[client] {
                table.remove(client)
                model[client] = count > 1 ? count - 1 : nil
            }
        }
        #expect(table.count == model.count)
        #expect(model.allSatisfy { table.connections(of: $0.key) == $0.value })
    }

    @Test func `the eviction order is right overall and for each client in any order of coming and going`() {
        var random = Seeded(state: 9)
        var list = EvictionList(.waiting)
        var model: [ConnectionStore.Slot] = []
        let all = (0..<40).map { number in
            ConnectionStore.Slot(
                Connection(
                    mapping: mapping(number, client: v4(10, 1, 0, UInt32(number % 4))),
                    entryID: 0,
                    hasKernelHelper: false,
                    now: Self.now,
                    due: Self.now
                )
            )
        }
        for _ in 0..<1000 {
            let connection = all[Int.random(in: 0..<all.count, using: &random)]
            model.removeAll { $0 === connection }
            if Bool.random(using: &random) {
                list.append(connection)
                model.append(connection)
            } else {
                list.remove(connection)
            }
            #expect(list.first === model.first)
            for client in 0..<4 as Range<UInt32> {
                let own = Client(v4(10, 1, 0, client))
                #expect(list.first(of: own) === model.first { $0.connection.client == own })
            }
        }
    }
}
