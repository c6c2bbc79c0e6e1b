// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// What closes an expectation.
extension ExpectationTests {
    @Test func `an expectation closes when its data connection comes`() throws {
        var dialogue = Self.ready()
        let expectation = try #require(dialogue.tracker.expectations.first)
        dialogue.actions = []
        let isUsed = dialogue.use(Self.due)
        #expect(isUsed)
        let source = Endpoint(address("10.2.0.2"), 20)
        #expect(dialogue.actions == [.close(expectation), .report(.data(expectation, from: source))])
        #expect(dialogue.open.isEmpty)
        let isUsedAgain = dialogue.use(Self.due)
        #expect(!isUsedAgain, "a pinhole lets one through")
        #expect(dialogue.statistics.expectationsUsed == 1)
        #expect(dialogue.tracker.connections.first?.used == 1)
    }

    @Test func `a retransmitted SYN is expected until its entry is made`() {
        let dialogue = Self.ready()
        for _ in 0..<3 {
            let expected = dialogue.expected(Self.due)
            #expect(expected?.expectation.to.description == "10.2.0.100:5001")
            #expect(expected?.original.source.description == "10.2.0.2:20")
        }
    }

    @Test func `an expectation closes at the next announcement`() {
        var dialogue = Self.ready()
        let old = dialogue.tracker.expectations
        dialogue.actions = []
        dialogue.send(.client, "PORT 10,1,0,2,19,138\r\n")
        #expect(dialogue.open == ["10.2.0.100:5002"])
        #expect(dialogue.actions.prefix(2) == [.close(old[0]), .report(.closed(old[0], .replaced))])
        if case .open = dialogue.actions[2] {} else { Issue.record("the new one opens next") }
        // A line that opens nothing closes nothing.
        dialogue.send(.client, "PORT 10,1,0,2,0,22\r\n")
        dialogue.send(.client, "PORT 10,9,9,9,19,137\r\n")
        dialogue.send(.client, "PORT x\r\n")
        #expect(dialogue.open == ["10.2.0.100:5002"])
        // A reply that announces replaces it as well.
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, "200 ok\r\n200 ok\r\n501 no\r\n501 no\r\n501 no\r\n227 (10,2,0,2,19,139)\r\n")
        #expect(dialogue.open == ["10.2.0.2:5003"])
    }

    @Test func `an expectation closes when the server refuses the PORT`() {
        var dialogue = Self.ready()
        dialogue.send(.server, "500 Illegal PORT command.\r\n")
        #expect(Self.closings(dialogue) == ["rejected"])
        #expect(dialogue.open.isEmpty)
        // Not when it refuses another command, or an older PORT.
        dialogue.send(.client, Self.port + Self.port)
        dialogue.send(.server, "500 no\r\n")
        #expect(dialogue.open == ["10.2.0.100:5001"])
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "LIST\r\n")
        dialogue.send(.server, "425 no\r\n")
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test func `a refused PORT does not close a later passive expectation`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "PASV\r\n" + Self.port)
        dialogue.send(.server, "227 (10,2,0,2,19,138)\r\n")
        #expect(dialogue.open == ["10.2.0.2:5002"])
        dialogue.send(.server, "500 no\r\n")
        #expect(dialogue.open == ["10.2.0.2:5002"])
    }

    @Test func `an expectation closes once both sides have sent a FIN`() {
        for sides in [[Session.Side.client, .server], [.server, .client]] {
            var dialogue = Self.ready()
            dialogue.send(sides[0], "", flags: [.fin, .ack])
            #expect(dialogue.open == ["10.2.0.100:5001"])
            dialogue.send(sides[1], "", flags: [.fin, .ack])
            #expect(dialogue.open.isEmpty)
            #expect(Self.closings(dialogue) == ["ended"])
            #expect(dialogue.tracker.connections.isEmpty)
            if case .connectionClosed(let summary)? = dialogue.events.last {
                #expect(summary.opened == 1)
            } else {
                Issue.record("the end is not told")
            }
        }
    }

    @Test(arguments: [Session.Side.client, .server])
    func `an RST inside the window closes an expectation`(side: Session.Side) {
        var dialogue = Self.ready()
        let arrival = dialogue.transmit(dialogue.segment(side, flags: [.rst, .ack]))
        #expect(arrival?.flags.contains(.rst) == true)
        #expect(dialogue.open.isEmpty)
        #expect(Self.closings(dialogue) == ["ended"])
    }

    @Test(arguments: [-1000, -1, 1, 10000, 1 << 30, 1 << 31])
    func `an RST outside of the window closes nothing`(offset: Int) {
        var dialogue = Self.ready()
        dialogue.acknowledge(.server)
        dialogue.transmit(dialogue.segment(.client, offset: offset, flags: [.rst]))
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test func `an expectation closes when conntrack loses the connection`() {
        var dialogue = Self.ready()
        var other = snat
        other.reply.destination.port = 1
        dialogue.perform { $0.complete(.verified(other, .gone), at: $1, into: &$2) }
        #expect(dialogue.open == ["10.2.0.100:5001"], "another mapping is another connection")
        dialogue.perform { $0.complete(.verified(snat, .gone), at: $1, into: &$2) }
        #expect(Self.closings(dialogue) == ["ended"])
        #expect(dialogue.open.isEmpty)
    }

    @Test(arguments: [1, 14, 300, 86400] as [UInt32])
    func `an expectation expires exactly at its timeout`(timeout: UInt32) throws {
        var policy = Policy()
        policy.rules.timeout = timeout
        var dialogue = Self.ready(policy)
        let expectation = try #require(dialogue.tracker.expectations.first)
        dialogue.wait(seconds: timeout - 1)
        #expect(dialogue.open == ["10.2.0.100:5001"])
        dialogue.actions = []
        dialogue.wait(seconds: 1)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.actions.prefix(2) == [.close(expectation), .report(.expired(expectation))])
        #expect(dialogue.statistics.expectationsExpired == 1)
    }

    @Test func `an administrator can close an expectation`() {
        var dialogue = Self.ready()
        let id = dialogue.tracker.expectations.first?.id ?? 0
        let results = [id + 1, id, id].map { number in
            dialogue.perform { tracker, _, output in tracker.delete(number, into: &output) }
        }
        #expect(results == [false, true, false])
        #expect(Self.closings(dialogue) == ["deleted"])
        dialogue.send(.client, Self.port)
        let counts = (0..<2).map { _ in
            dialogue.perform { tracker, _, output in tracker.flush(into: &output) }
        }
        #expect(counts == [1, 0])
        #expect(Self.closings(dialogue) == ["deleted", "deleted"])
    }

    @Test func `an expectation that the kernel rejects closes`() throws {
        var dialogue = Self.ready()
        let old = try #require(dialogue.tracker.expectations.first)
        dialogue.send(.client, Self.port)
        dialogue.perform { $0.complete(.notOpened(old), at: $1, into: &$2) }
        #expect(dialogue.open == ["10.2.0.100:5001"], "the old one is gone already")
        let new = try #require(dialogue.tracker.expectations.first)
        dialogue.perform { $0.complete(.notOpened(new), at: $1, into: &$2) }
        #expect(Self.closings(dialogue) == ["replaced", "failed"])
    }

    @Test func `a replaced expectation does not take the data connection of its successor`() throws {
        var dialogue = Self.ready()
        let found = dialogue.expected(Self.due)
        let expected = try #require(found)
        dialogue.send(.client, Self.port)
        dialogue.perform { $0.complete(.established(expected), at: $1, into: &$2) }
        #expect(dialogue.open == ["10.2.0.100:5001"])
        #expect(dialogue.statistics.expectationsUsed == 0)
    }

    @Test func `two expectations of the same SYN take two data connections, the older one first`() throws {
        let nat = NATCase.all[0].mapping
        var first = Dialogue.ready(nat)
        first.send(.client, "PORT 10,1,0,2,19,137\r\n")
        var mapping = nat
        mapping.original.source.port = 50000
        mapping.reply.destination.port = 50000
        var second = Dialogue(mapping, tracker: first.release())
        second.logIn()
        second.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(second.open == ["10.1.0.2:5001", "10.1.0.2:5001"])
        let syn = Self.syn(from: "10.2.0.2", to: "10.1.0.2", 5001)
        for master in [nat.original, mapping.original] {
            #expect(second.expected(syn)?.expectation.master == master)
            // As the kernel has it: the last action for the SYN says whether it is let in.
            var isOpen = true
            second.actions = []
            second.use(syn)
            for action in second.actions {
                if case .open = action { isOpen = true }
                if case .close = action { isOpen = false }
            }
            #expect(isOpen == (master == nat.original))
        }
        #expect(second.expected(syn) == nil && second.open.isEmpty)
        #expect(second.statistics.expectationsUsed == 2)
    }

    @Test func `a session's end does not close another session's expectation of the same SYN`() {
        let nat = NATCase.all[0].mapping
        var output = Output()
        var first = Dialogue.ready(nat)
        first.send(.client, "PORT 10,1,0,2,19,137\r\n")
        var mapping = nat
        mapping.original.source.port = 50000
        mapping.reply.destination.port = 50000
        var second = Dialogue(mapping, tracker: first.release())
        second.logIn()
        second.actions = []
        second.send(.client, "PORT 10,1,0,2,19,137\r\n")
        second.perform { $0.end(nat, at: $1, into: &$2) }
        second.perform { $0.end(mapping, at: $1, into: &$2) }
        output.actions = second.actions
        output.coalesce()
        let left = output.actions.compactMap { action in
            switch action {
            case .open: "open"
            case .close: "close"
            default: nil as String?
            }
        }
        // An expectation was open before these packets, and none is after them.
        #expect(left == ["close"])
    }

    @Test func `the same announcement opens again after each kind of end`() {
        var dialogue = Self.ready()
        let isUsed = dialogue.use(Self.due)
        #expect(isUsed)
        for _ in 0..<3 {
            dialogue.send(.server, "200 ok\r\n226 done\r\n")
            dialogue.send(.client, "EPRT |1|10.1.0.2|5002|\r\n")
            #expect(dialogue.open == ["10.2.0.100:5002"])
            dialogue.send(.server, "500 no\r\n")
        }
        #expect(Self.closings(dialogue) == ["used", "rejected", "rejected", "rejected"])
        #expect(dialogue.tracker.connections.first?.opened == 4)
    }
}
