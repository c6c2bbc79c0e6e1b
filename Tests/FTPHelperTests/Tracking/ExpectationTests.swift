// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// The life of an expectation, from the line that announces it to its end (contract S4 and S5).
@Suite struct ExpectationTests {
    static let port = "PORT 10,1,0,2,19,137\r\n"

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

    static func ready(_ policy: Policy = Policy()) -> Dialogue {
        var dialogue = Dialogue.ready(snat, policy: policy)
        dialogue.send(.client, port)
        return dialogue
    }

    /// How expectations have closed so far.
    static func closings(_ dialogue: borrowing Dialogue) -> [String] {
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
    static let due = syn(from: "10.2.0.2", to: "10.2.0.100", 5001)

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
}
