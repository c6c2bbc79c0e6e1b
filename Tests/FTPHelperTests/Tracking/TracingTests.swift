// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// The steps of sessions that somebody traces.
@Suite struct TracingTests {
    private static func target(_ text: String, port: UInt16? = nil) throws -> TraceTarget {
        let bytes = Array(text.utf8)
        let prefix = AddressPrefix(parsing: bytes.span)
        return TraceTarget(try #require(prefix), port: port)
    }

    private static func steps(_ dialogue: borrowing Dialogue) -> [TraceStep.Kind] {
        dialogue.events.compactMap { if case .step(let step) = $0 { step.kind } else { nil } }
    }

    private static func lines(_ dialogue: borrowing Dialogue) -> [String] {
        steps(dialogue).compactMap {
            if case .line(_, let line, _) = $0 { String(decoding: line, as: UTF8.self) } else { nil }
        }
    }

    @Test func `without a trace there are no steps`() {
        var dialogue = Dialogue(snat)
        dialogue.logIn()
        #expect(Self.steps(dialogue).isEmpty)
    }

    @Test func `each line is traced, without passwords`() throws {
        var dialogue = Dialogue(snat)
        dialogue.tracker.traced = [try Self.target("10.1.0.2")]
        for (side, line) in [
            (Session.Side.server, "220 ready"), (.client, "USER anonymous"), (.server, "331 password"),
            (.client, "PASS secret"), (.server, "332 account"), (.client, "acct secret"), (.server, "230 ok"),
            (.client, "STAT " + String(repeating: "x", count: 200)),
        ] {
            dialogue.send(side, line + "\r\n")
        }
        #expect(
            Self.lines(dialogue).dropLast() == [
                "220 ready", "USER anonymous", "331 password", "PASS", "332 account", "acct", "230 ok",
            ]
        )
        #expect(Self.lines(dialogue).last?.utf8.count == 120)
        #expect(Self.steps(dialogue).count { $0 == .login } == 1)
    }

    @Test(arguments: [
        ("10.1.0.2", nil, true), ("10.0.0.0/8", nil, true), ("10.2.0.2", 21, true), ("10.2.0.100", nil, true),
        ("10.2.0.2", 22, false), ("10.1.0.3", nil, false), ("fd01::2", nil, false),
    ])
    func `a trace matches a session by any endpoint on either side of NAT`(
        address: String,
        port: UInt16?,
        isMeant: Bool
    ) throws {
        let target = try Self.target(address, port: port)
        #expect(target.includes(snat) == isMeant)
        var dialogue = Dialogue(snat)
        dialogue.tracker.traced = [target]
        dialogue.logIn()
        #expect(Self.steps(dialogue).isEmpty != isMeant)
        for event in dialogue.events {
            #expect(dialogue.tracker.targets(of: event) == (isMeant ? [target] : []))
        }
    }

    @Test func `conntrack is asked each second about a traced transfer`() throws {
        var dialogue = TransferTests.active()
        dialogue.tracker.traced = [try Self.target("10.1.0.2")]
        // The first query was set before.
        dialogue.wait(seconds: 4)
        var asked = 0
        func answer(_ traffic: Traffic) throws {
            let requests = dialogue.actions.compactMap {
                if case .measure(let transfer) = $0 { transfer } else { nil }
            }
            dialogue.actions.removeAll { if case .measure = $0 { true } else { false } }
            asked += requests.count
            for request in requests {
                dialogue.perform {
                    $0.complete(.measured(request, .there(traffic, .open)), at: $1, into: &$2)
                }
            }
        }
        try answer(TransferTests.traffic(original: 0, reply: 0))
        for _ in 0..<3 {
            dialogue.wait(seconds: 1)
            try answer(TransferTests.traffic(original: 1000, reply: 0))
        }
        #expect(asked == 4)
        let kinds = Self.steps(dialogue).map {
            switch $0 {
            case .answered: "answered"
            case .flows(_, let bytes): "flows \(bytes.down)"
            case .line, .login, .notEstablished: "other"
            }
        }
        #expect(kinds == ["answered", "flows 1000"])
    }
}
