// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// A full table: which connection is evicted, and what becomes of it.
@Suite struct RoomTests {
    private static let port = "PORT 10,1,0,2,19,137\r\n"

    /// A connection of a client of its own, routed or behind NAT.
    private func mapping(_ number: Int, isTranslated: Bool = false) -> Mapping {
        let client = Endpoint(
            v4(10, 16 + UInt32(number >> 16), UInt32(number >> 8 & 255), UInt32(number & 255)),
            40000
        )
        let original = Tuple(source: client, destination: Endpoint(v4(10, 2, 0, 2), 21))
        guard isTranslated else { return Mapping(untranslated: original) }
        let shown = Endpoint(v4(10, 2, 0, 100), UInt16(10000 + number))
        return Mapping(original: original, reply: Tuple(source: original.destination, destination: shown))
    }

    private func tracker(room: Int) -> Tracker {
        var policy = Policy()
        policy.maximumConnections = room
        return Tracker(policy: policy, random: Seeded(state: 1))
    }

    /// The clients that are followed, by their addresses.
    private func followed(_ tracker: borrowing Tracker) -> Set<String> {
        Set(tracker.connections.map { $0.mapping.original.source.address.description })
    }

    private func names(_ numbers: some Sequence<Int>) -> Set<String> {
        Set(numbers.map { mapping($0).original.source.address.description })
    }

    @Test func `closed connections are evicted in the order in which they closed`() {
        var tracker = tracker(room: 2)
        for number in 0..<10 {
            var dialogue = Dialogue(mapping(number), tracker: tracker)
            #expect(dialogue.tracker.connectionCount == 1)
            dialogue.send(.client, "", flags: [.rst, .ack])
            #expect(dialogue.tracker.connectionCount == 0)
            tracker = dialogue.release()
        }
        #expect(tracker.statistics.refused.isEmpty)
    }

    @Test func `of the connections without a login the one silent longest is evicted`() {
        var session = Dialogue(mapping(0), tracker: tracker(room: 4))
        session.logIn()
        var tracker = session.release()
        for number in 1...3 { tracker = Dialogue(mapping(number), tracker: tracker).release() }

        // The first of them says something, so that the second is silent for longer.
        var dialogue = Dialogue(mapping(1), tracker: tracker, isAdopted: true)
        dialogue.send(.client, "USER x\r\n")
        dialogue = Dialogue(mapping(4), tracker: dialogue.release())
        #expect(followed(dialogue.tracker) == names([0, 1, 3, 4]))
        #expect(dialogue.refusals == [.tableFull])
        tracker = dialogue.release()
        for number in 5...7 { tracker = Dialogue(mapping(number), tracker: tracker).release() }
        #expect(followed(tracker) == names([0, 5, 6, 7]))
        #expect(tracker.statistics.refused == [.tableFull: 4])
    }

    @Test func `a connection left to the kernel's helper is evicted for one that is not`() {
        var tracker = tracker(room: 1)
        var output = Output()
        let now = Instant(nanoseconds: 1)
        tracker.learn(mapping(0), hasKernelHelper: true, phase: .opening, at: now, into: &output)
        let dialogue = Dialogue(mapping(1), tracker: tracker)
        #expect(followed(dialogue.tracker) == names([1]))
    }

    @Test func `a session that has logged in is never evicted, even after a logout`() {
        var tracker = tracker(room: 3)
        for number in 0...2 {
            var session = Dialogue(mapping(number), tracker: tracker)
            session.logIn()
            session.send(.client, "REIN\r\n")
            session.send(.server, "220 again\r\n")
            tracker = session.release()
        }
        let dialogue = Dialogue(mapping(3), tracker: tracker)
        #expect(followed(dialogue.tracker) == names(0...2))
        #expect(dialogue.refusals == [.tableFull])
    }

    @Test func `200,000 connections that never log in do not disturb a session`() {
        var session = Dialogue(snat, tracker: tracker(room: 65536))
        session.logIn()
        session.send(.client, Self.port)
        var tracker = session.release()
        for number in 0..<200_000 { tracker = Dialogue(mapping(number), tracker: tracker).release() }
        #expect(tracker.connectionCount == 65536)
        #expect(tracker.statistics.refused == [.tableFull: 200_000 - 65535])
        #expect(followed(tracker).isSuperset(of: names(200_000 - 65535..<200_000)))

        session = Dialogue(snat, tracker: tracker, isAdopted: true)
        #expect(session.open == ["10.2.0.100:5001"])
        #expect(session.tracker.connections.first { $0.mapping == snat }?.state == .ready)
    }

    // MARK: Connections that do not count as logged in

    /// Lets both sides go on in the middle, as if they had logged in.
    private func goOn(_ dialogue: inout Dialogue) {
        dialogue.send(.server, "230 ok\r\n")
        dialogue.send(.client, Self.port)
        dialogue.send(.client, "USER x\r\n")
        dialogue.send(.server, "230 ok\r\n")
        dialogue.send(.client, Self.port)
    }

    @Test(arguments: [false, true])
    func `an evicted connection does not count as logged in when it continues`(isTranslated: Bool) {
        let mapping = mapping(0, isTranslated: isTranslated)
        var dialogue = Dialogue(mapping, tracker: tracker(room: 1))
        dialogue.send(.client, "POST / HTTP/1.1\r\n")
        var tracker = Dialogue(self.mapping(1), tracker: dialogue.release()).release()
        // The other one goes, so that there is room.
        var output = Output()
        tracker.complete(.verified(self.mapping(1), .gone), at: Instant(nanoseconds: 1), into: &output)
        #expect(tracker.connectionCount == 0)

        dialogue = Dialogue(mapping, tracker: tracker, isAdopted: true)
        goOn(&dialogue)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connectionCount == 0)
        #expect(dialogue.statistics.expectationsOpened == 0)
    }

    @Test(arguments: [false, true])
    func `a connection rejected at its start does not count as logged in when there is room later`(
        isTranslated: Bool
    ) {
        var session = Dialogue(mapping(1), tracker: tracker(room: 1))
        session.logIn()
        let mapping = mapping(0, isTranslated: isTranslated)
        var dialogue = Dialogue(mapping, tracker: session.release())
        #expect(dialogue.refusals == [.tableFull])
        dialogue.perform { [other = self.mapping(1)] in $0.end(other, at: $1, into: &$2) }
        goOn(&dialogue)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connectionCount == 0)
    }

    @Test func `a connection unknown to conntrack at its start does not count as logged in`() {
        var tracker = tracker(room: 9)
        var output = Output()
        let begin = PacketBuilder(tuple: snat.reply, sequence: 1, acknowledgement: 1, flags: [.syn, .ack])
            .bytes
        tracker.refuseUnmapped(begin.span, into: &output)
        var dialogue = Dialogue(snat, tracker: tracker, isAdopted: true)
        goOn(&dialogue)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connectionCount == 0)
    }

    @Test func `a connection unknown to conntrack only later may be adopted as logged in`() {
        var tracker = tracker(room: 9)
        var output = Output()
        let packet = PacketBuilder(tuple: snat.original, sequence: 1, acknowledgement: 1, flags: [.ack]).bytes
        tracker.refuseUnmapped(packet.span, into: &output)
        var dialogue = Dialogue(snat, tracker: tracker, isAdopted: true)
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test(arguments: [("POST / HTTP/1.1\r\n", false), ("USER x\r\n", false), ("", true)])
    func `a connection that conntrack has lost returns with its login state`(line: String, isLoggedIn: Bool) {
        var dialogue = Dialogue(snat)
        if isLoggedIn { dialogue.logIn() } else { dialogue.send(.client, line) }
        dialogue.perform { $0.complete(.verified(snat, .gone), at: $1, into: &$2) }
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == (isLoggedIn ? ["10.2.0.100:5001"] : []))
    }

    @Test func `another port of NAT does not make a rejected connection logged in`() {
        var dialogue = Dialogue(snat)
        dialogue.send(.client, "POST / HTTP/1.1\r\n")
        var mapping = snat
        mapping.reply.destination.port ^= 1
        dialogue.perform { $0.learn(mapping, hasKernelHelper: false, phase: .established, at: $1, into: &$2) }
        dialogue = Dialogue(mapping, tracker: dialogue.release(), isAdopted: true)
        goOn(&dialogue)
        #expect(dialogue.open.isEmpty)
    }

    @Test func `a new handshake begins a new connection`() {
        var dialogue = Dialogue(snat)
        dialogue.perform { $0.complete(.verified(snat, .gone), at: $1, into: &$2) }
        dialogue = Dialogue(snat, tracker: dialogue.release(), initial: 5)
        dialogue.logIn()
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test func `connections can be adopted while many rejected ones are remembered`() {
        var tracker = tracker(room: 1)
        for number in 0..<10_000 { tracker = Dialogue(mapping(number), tracker: tracker).release() }
        var adopted = 0
        for number in 20_000..<20_500 {
            var output = Output()
            tracker.end(mapping(number - 1), at: Instant(nanoseconds: 1), into: &output)
            var dialogue = Dialogue(mapping(number), tracker: tracker, isAdopted: true)
            dialogue.send(.client, "NOOP\r\n")
            if dialogue.tracker.connections.first?.state == .ready { adopted += 1 }
            tracker = dialogue.release()
        }
        #expect(adopted > 490)
    }
}
