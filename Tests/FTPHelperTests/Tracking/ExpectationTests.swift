// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// The life of an expectation, from the line that announces it to its end (contract S4 and S5).
@Suite struct ExpectationTests {
    private static let port = "PORT 10,1,0,2,19,137\r\n"

    /// A SYN as it arrives in front of the pinhole set.
    static func syn(from source: String, _ sourcePort: UInt16 = 20, to destination: String, _ port: UInt16)
        -> [UInt8]
    {
        PacketBuilder(
            tuple: Tuple(
                source: Endpoint(address(source), sourcePort),
                destination: Endpoint(address(destination), port)
            ),
            sequence: 1,
            acknowledgement: 0,
            flags: [.syn]
        ).bytes
    }

    private static func ready(_ policy: Policy = Policy()) -> Dialogue {
        var dialogue = Dialogue.ready(snat, policy: policy)
        dialogue.send(.client, port)
        return dialogue
    }

    /// How expectations have closed so far.
    private static func closings(_ dialogue: borrowing Dialogue) -> [String] {
        dialogue.events.compactMap {
            switch $0 {
            case .data: "used"
            case .expired: "expired"
            case .closed(_, let closing): closing.rawValue
            default: nil
            }
        }
    }

    /// The SYN that `ready` announces.
    private static let due = syn(from: "10.2.0.2", to: "10.2.0.100", 5001)

    // MARK: What opens

    @Test func `an expectation is open before its announcement goes on`() throws {
        var dialogue = Dialogue.ready(snat)
        #expect(dialogue.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
        let expectation = try #require(dialogue.tracker.expectations.first)
        #expect(
            dialogue.actions == [
                .beLiberal(snat), .open(expectation), .report(.expectation(expectation)),
                .report(
                    .addressDecision(
                        AddressDecision(
                            kind: .port,
                            connection: snat.original,
                            announced: Endpoint(v4(10, 1, 0, 2), 5001),
                            told: Endpoint(v4(10, 2, 0, 100), 5001)
                        )
                    )
                ),
            ]
        )
        #expect(dialogue.verdict == .replace)
        #expect(expectation.kind == .port)
        #expect(expectation.master == snat.original)
        #expect(expectation.from.description == "10.2.0.2")
        #expect(expectation.to.description == "10.2.0.100:5001")
        #expect(expectation.translatedFrom.description == "10.2.0.2")
        #expect(expectation.translatedTo.description == "10.1.0.2:5001")
        #expect(expectation.isTranslated)
        #expect(expectation.deadline == dialogue.now.advanced(bySeconds: 300))
    }

    /// Client and server as they are and as they are seen, and what active and passive announcements then come to.
    static let mappings: [(nat: NATCase, active: String, passive: String)] = [
        (
            NATCase.all[0], "10.2.0.2 10.1.0.2:5001 10.2.0.2 10.1.0.2:5001",
            "10.1.0.2 10.2.0.2:5001 10.1.0.2 10.2.0.2:5001"
        ),
        (
            NATCase.all[1], "10.2.0.2 10.200.100.100:5001 10.2.0.2 10.1.0.2:5001",
            "10.1.0.2 10.2.0.2:5001 10.200.100.100 10.2.0.2:5001"
        ),
        (
            NATCase.all[3], "10.2.0.2 10.1.0.2:5001 203.0.113.5 10.1.0.2:5001",
            "10.1.0.2 203.0.113.5:5001 10.1.0.2 10.2.0.2:5001"
        ),
        (
            NATCase.all[4], "10.2.0.2 10.2.0.100:5001 203.0.113.5 10.1.0.2:5001",
            "10.1.0.2 203.0.113.5:5001 10.2.0.100 10.2.0.2:5001"
        ),
    ]

    @Test(arguments: mappings)
    func `an expectation leads to the other end of the control connection under any NAT`(
        nat: NATCase,
        active: String,
        passive: String
    ) {
        var dialogue = Dialogue.ready(nat.mapping)
        let transfers = nat.transfers(5001)
        dialogue.send(.client, transfers.active.sent)
        func text(_ dialogue: borrowing Dialogue) -> [String] {
            dialogue.tracker.expectations.map {
                "\($0.from) \($0.to) \($0.translatedFrom) \($0.translatedTo)"
            }
        }
        #expect(text(dialogue) == [active])
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, transfers.passive.sent)
        #expect(text(dialogue) == [passive])
    }

    @Test func `conntrack is set liberal once per shifted connection`() {
        var dialogue = Self.ready()
        dialogue.send(.client, Self.port)
        #expect(dialogue.actions.count { $0 == .beLiberal(snat) } == 1)
        // But not where nothing is shifted.
        var plain = Dialogue.ready(NATCase.all[0].mapping)
        plain.send(.client, Self.port)
        #expect(plain.open == ["10.1.0.2:5001"])
        #expect(plain.verdict == .accept)
        #expect(!plain.actions.contains { if case .beLiberal = $0 { true } else { false } })
    }

    @Test func `every expectation has an id of its own`() {
        var dialogue = Self.ready()
        var seen: Set<UInt64> = []
        for _ in 0..<10 {
            dialogue.send(.client, Self.port)
            seen.formUnion(dialogue.tracker.expectations.map(\.id))
        }
        #expect(seen.count == 10)
    }

    // MARK: What closes

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

    static let strangers: [[UInt8]] = [
        syn(from: "10.2.0.3", to: "10.2.0.100", 5001), syn(from: "10.2.0.2", to: "10.2.0.100", 5002),
        syn(from: "10.2.0.2", to: "10.2.0.101", 5001), syn(from: "10.1.0.2", to: "10.2.0.2", 5001), [],
        [0x45],
        PacketBuilder(
            tuple: Tuple(
                source: Endpoint(v4(10, 2, 0, 2), 20),
                destination: Endpoint(v4(10, 2, 0, 100), 5001)
            ),
            sequence: 1,
            acknowledgement: 1,
            flags: [.syn, .ack]
        ).bytes,
        PacketBuilder(
            tuple: Tuple(
                source: Endpoint(v4(10, 2, 0, 2), 20),
                destination: Endpoint(v4(10, 2, 0, 100), 5001)
            ),
            sequence: 1,
            acknowledgement: 1,
            flags: [.ack]
        ).bytes,
    ]

    @Test(arguments: strangers)
    func `SYNs from or to other endpoints are not expected`(packet: [UInt8]) {
        let dialogue = Self.ready()
        #expect(dialogue.expected(packet) == nil)
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
