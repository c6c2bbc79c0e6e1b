// SPDX-License-Identifier: GPL-2.0-or-later
import Testing
@testable import FTPHelper

/// The ports that NAT lends to clients.
extension ShareTests {
    @Test func `a client with its maximum of ports gets no more, and another client does`() {
        var book = PortAllocator()
        var random = Seeded(state: 1)
        let (one, other) = (Client(v4(10, 1, 0, 2)), Client(v4(10, 1, 0, 3)))
        for number in 0..<PortAllocator.maximumShare {
            let port = book.choose(UInt16(1024 + number), for: one, at: Self.now, random: &random)
            #expect(port == UInt16(1024 + number))
            if let port { book.reserve(port, for: one) }
        }
        #expect(book.choose(50000, for: one, at: Self.now, random: &random) == nil)
        #expect(book.choose(50000, for: other, at: Self.now, random: &random) == 50000)
        book.free(PortAllocator.place(1024), by: .connection, for: one)
        #expect(book.choose(50000, for: one, at: Self.now, random: &random) == 50000)
    }

    @Test func `resting ports are reused before their client is refused`() {
        var book = PortAllocator()
        var random = Seeded(state: 1)
        let (one, other) = (Client(v4(10, 1, 0, 2)), Client(v4(10, 1, 0, 3)))
        book.reserve(60000, for: other)
        book.rest(PortAllocator.place(60000), for: other, at: Self.now)
        for number in 0..<PortAllocator.maximumShare + 1000 {
            // Each leads to another place, so none can have the port of the one before.
            guard
                let port = book.choose(UInt16(5001 + number % 50000), for: one, at: Self.now, random: &random)
            else {
                Issue.record("no port for the transfer \(number)")
                return
            }
            book.reserve(port, for: one)
            book.rest(PortAllocator.place(port), for: one, at: Self.now)
        }
        #expect(book.count(of: one) <= PortAllocator.maximumShare)
        #expect(
            !book.isFree(PortAllocator.place(60000), for: Endpoint(v4(10, 1, 0, 2), 60000)),
            "those of others rest on"
        )
        let later = Self.now.advanced(bySeconds: PortAllocator.restSeconds)
        #expect(book.choose(60000, for: other, at: later, random: &random) == 60000)
        #expect(book.restingCount == 0 && book.clientCount == 0)
    }

    @Test func `when too many ports rest, the one resting longest becomes free early`() {
        var book = PortAllocator()
        let address = { (number: Int) in v4(10, 1, 1, UInt32(number / 8192)) }
        let place = { (number: Int) in
            PortAllocator.Place(
                from: v4(10, 2, 0, 2),
                to: Endpoint(address(number), UInt16(1024 + number % 8192))
            )
        }
        let elsewhere = Endpoint(v4(10, 1, 0, 9), 9)
        for number in 0...PortAllocator.maximumResting {
            let client = Client(address(number))
            book.reserve(place(number), leadingTo: Endpoint(address(0), 1), by: .connection, for: client)
            book.rest(place(number), for: client, at: Self.now)
        }
        #expect(book.restingCount == PortAllocator.maximumResting)
        #expect(book.isFree(place(0), for: elsewhere))
        #expect(!book.isFree(place(1), for: elsewhere))
        #expect(!book.isFree(place(PortAllocator.maximumResting), for: elsewhere))
    }

    @Test func `a line for which NAT has no port is refused with its reason and passes unchanged`() {
        var dialogue = Dialogue.ready(snat)
        var ports = PortAllocator()
        for port in UInt16(1024)...UInt16.max { ports.reserve(port, for: nil) }
        dialogue.tracker.book = ExpectationBook(random: Seeded(state: 7), ports: ports)
        #expect(dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n") == "PORT 10,1,0,2,19,137\r\n")
        #expect(dialogue.refusals == [.noPort])
        #expect(dialogue.open.isEmpty)
    }

    @Test func `a client that has used up its ports is refused with the reason for any announcement`() {
        var dialogue = Dialogue.ready(snat)
        var ports = PortAllocator()
        for port in 0..<PortAllocator.maximumShare {
            ports.reserve(UInt16(1024 + port), for: Client(v4(10, 1, 0, 2)))
        }
        dialogue.tracker.book = ExpectationBook(random: Seeded(state: 7), ports: ports)
        dialogue.send(.client, "PORT 10,1,0,2,200,1\r\n")
        #expect(dialogue.refusals == [.noPort])
        var other = Dialogue(
            mapping(1, client: v4(10, 1, 0, 3), isTranslated: true),
            tracker: dialogue.release()
        )
        other.logIn()
        other.send(.client, "PORT 10,1,0,3,200,1\r\n")
        #expect(other.open == ["10.2.0.100:51201"])
    }

    @Test(arguments: [false, true])
    func `the port of a session that has ended is lent again before its client is refused`(
        isRestored: Bool
    ) throws {
        var first = Dialogue(mapping(1, isTranslated: true), tracker: nearlyUsedUp())
        first.logIn()
        first.send(.client, "PORT 10,1,0,2,200,1\r\n")
        let isUsed = first.use(ExpectationTests.syn(from: "10.2.0.2", to: "10.2.0.100", 51201))
        #expect(isUsed)
        for side in [Session.Side.client, .server] {
            first.transmit(first.segment(side, flags: [.fin, .ack]))
        }
        #expect(first.tracker.connections.isEmpty)
        let now = first.now
        var tracker = first.release()
        if isRestored {
            var records: [[UInt64]] = []
            tracker.takeRecords { _, record in
                records += record.map { [$0] } ?? []
                return 1
            }
            tracker = nearlyUsedUp()
            let kept = try #require(records.last.flatMap { KeptConnection($0, at: now) })
            var output = Output()
            let isTaken = tracker.restore(kept, at: now, into: &output)
            #expect(isTaken)
        }
        var second = Dialogue(mapping(2, isTranslated: true), tracker: tracker)
        second.logIn()
        second.send(.client, "PORT 10,1,0,2,200,2\r\n")
        #expect(second.refusals == [])
        #expect(second.open == ["10.2.0.100:51202"])
    }

    @Test func `the port of a session that was reset stays lent, because its ends may ignore that`() {
        var first = Dialogue(mapping(1, isTranslated: true), tracker: nearlyUsedUp())
        first.logIn()
        first.send(.client, "PORT 10,1,0,2,200,1\r\n")
        let isUsed = first.use(ExpectationTests.syn(from: "10.2.0.2", to: "10.2.0.100", 51201))
        #expect(isUsed)
        first.transmit(first.segment(.client, flags: [.rst, .ack]))
        var second = Dialogue(mapping(2, isTranslated: true), tracker: first.release())
        second.logIn()
        second.send(.client, "PORT 10,1,0,2,200,2\r\n")
        #expect(second.refusals == [.noPort])
    }

    /// A tracker in which a client may have one port more.
    private func nearlyUsedUp() -> Tracker {
        var ports = PortAllocator()
        for port in 1..<PortAllocator.maximumShare {
            ports.reserve(UInt16(1024 + port), for: Client(v4(10, 1, 0, 2)))
        }
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        tracker.book = ExpectationBook(random: Seeded(state: 7), ports: ports)
        return tracker
    }
}

/// Ports that 10.2.0.2 reaches at 10.2.0.100, each of which leads to the same one of 10.1.0.3 unless something else is said.
extension PortAllocator {
    static func place(_ port: UInt16) -> Place {
        Place(from: v4(10, 2, 0, 2), to: Endpoint(v4(10, 2, 0, 100), port))
    }

    mutating func reserve(_ port: UInt16, for client: Client?) {
        reserve(
            PortAllocator.place(port),
            leadingTo: Endpoint(v4(10, 1, 0, 3), port),
            by: .connection,
            for: client
        )
    }

    mutating func choose(
        _ port: UInt16,
        for client: Client,
        at now: Instant,
        random: inout some RandomNumberGenerator
    ) -> UInt16? {
        choose(
            of: v4(10, 2, 0, 100),
            from: [v4(10, 2, 0, 2)],
            leadingTo: Endpoint(v4(10, 1, 0, 3), port),
            within: PortAllocator.usualRange,
            for: client,
            at: now,
            random: &random
        )
    }
}
