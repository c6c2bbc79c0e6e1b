// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Announcements by the thousand: of one packet the last one counts, and of each second not more than there is a budget for.
@Suite struct BudgetTests {
    private static let line = "PORT 10,1,0,2,19,137\r\n"
    private static let plain = Mapping(untranslated: snat.original)

    private func opened(_ dialogue: borrowing Dialogue) -> Int {
        dialogue.actions.count { if case .open = $0 { true } else { false } }
    }

    private func closed(_ dialogue: borrowing Dialogue) -> Int {
        dialogue.actions.count { if case .close = $0 { true } else { false } }
    }

    /// Sends so many announcements in packets of 20, all at one time.
    private func announce(_ count: Int, on dialogue: inout Dialogue) {
        for start in stride(from: 0, to: count, by: 20) {
            dialogue.send(.client, String(repeating: Self.line, count: min(20, count - start)))
            dialogue.acknowledge(.server)
        }
    }

    @Test func `only the last announcement of a packet is opened and reported`() {
        var dialogue = Dialogue.ready(snat)
        let lines = (100..<120).map { "PORT 10,1,0,2,19,\($0)\r\n" }.joined()
        #expect(dialogue.send(.client, lines) == lines.replacing("10,1,0,2", with: "10,2,0,100"))
        #expect(opened(dialogue) == 1 && closed(dialogue) == 0)
        #expect(dialogue.open == ["10.2.0.100:4983"])
        #expect(dialogue.statistics.expectationsOpened == 1)
        #expect(dialogue.tracker.connections.first?.opened == 1)
        #expect(dialogue.events.count == 2, "that it was opened, and how it is named")
        #expect(dialogue.statistics.edits == 20)
    }

    @Test func `a packet with several announcements closes the previous expectation once`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.line)
        dialogue.send(.client, "PORT 10,1,0,2,19,138\r\nPORT 10,1,0,2,19,139\r\n")
        #expect(opened(dialogue) == 2 && closed(dialogue) == 1)
        #expect(dialogue.open == ["10.2.0.100:5003"])
    }

    @Test func `an announcement in a packet that ends the connection is never opened`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.server, "", flags: [.ack, .fin])
        dialogue.send(.client, Self.line, flags: [.ack, .psh, .fin])
        #expect(opened(dialogue) == 0 && closed(dialogue) == 0 && dialogue.open.isEmpty)
        #expect(dialogue.tracker.expectationCount == 0)
        #expect(dialogue.statistics.expectationsOpened == 0)
    }

    @Test func `expectations that open and close within a batch cost the kernel nothing`() {
        var dialogue = Dialogue.ready(Self.plain)
        dialogue.send(.client, Self.line)
        var output = Output()
        for _ in 0..<3 {
            dialogue.send(.client, Self.line)
            output.actions += dialogue.output.actions
        }
        output.coalesce()
        var ids: [String] = []
        for action in output.actions {
            switch action {
            case .open(let expectation): ids.append("open \(expectation.id)")
            case .close(let expectation): ids.append("close \(expectation.id)")
            default: break
            }
        }
        #expect(ids == ["open 4"])
    }

    @Test func `a connection has a budget of a thousand announcements, and further ones pass unread`() {
        var dialogue = Dialogue.ready(snat)
        announce(1000, on: &dialogue)
        #expect(dialogue.refusals.isEmpty)
        #expect(dialogue.statistics.edits == 1000)

        let flood = String(repeating: Self.line, count: 20)
        #expect(dialogue.send(.client, flood) == flood)
        #expect(dialogue.refusals == [.tooMany], "one report a packet")
        #expect(dialogue.statistics.refused == [.tooMany: 20])
        #expect(dialogue.tracker.connections.first?.refused == 20)
        #expect(dialogue.open == ["10.2.0.100:5001"], "what was open before stays so")
    }

    @Test func `malformed announcements cost as much of the budget`() {
        var dialogue = Dialogue.ready(Self.plain)
        for _ in 0..<12 { dialogue.send(.client, String(repeating: "PORT 1\r\n", count: 100)) }
        #expect(dialogue.statistics.refused == [.malformed: 1000, .tooMany: 200])
    }

    @Test func `unsolicited replies with an address field cost as much of the budget`() {
        var dialogue = Dialogue.ready(Self.plain)
        for _ in 0..<30 { dialogue.send(.server, String(repeating: "227 (10,2,0,2,19,137)\r\n", count: 50)) }
        #expect(dialogue.statistics.refused == [.unsolicited: 1000, .tooMany: 500])
    }

    @Test func `the budget refills within a second, half of it within half a second`() {
        var dialogue = Dialogue.ready(Self.plain)
        announce(1100, on: &dialogue)
        #expect(dialogue.statistics.refused == [.tooMany: 100])
        dialogue.wait(seconds: 1)
        announce(1000, on: &dialogue)
        #expect(dialogue.statistics.refused == [.tooMany: 100])
        dialogue.now.nanoseconds += 500_000_000
        announce(600, on: &dialogue)
        #expect(dialogue.statistics.refused == [.tooMany: 200])
    }

    @Test func `a thousand announcements a second stay within the budget`() {
        var dialogue = Dialogue.ready(Self.plain)
        for _ in 0..<3000 {
            dialogue.send(.client, Self.line)
            dialogue.actions = []
            _ = dialogue.takeReceived()
            dialogue.now.nanoseconds += 1_000_000
        }
        #expect(dialogue.statistics.refused.isEmpty)
        #expect(dialogue.statistics.expectationsOpened == 3000)
    }

    /// A connection of a client, the number of which is its port.
    private func mapping(_ number: UInt16, of client: IPAddress = v4(10, 1, 0, 2)) -> Mapping {
        Mapping(
            untranslated: Tuple(
                source: Endpoint(client, 40000 + number),
                destination: Endpoint(v4(10, 2, 0, 2), 21)
            )
        )
    }

    @Test func `each client has a budget of ten thousand announcements of its own`() {
        var tracker = Tracker(policy: Policy(), random: Seeded(state: 1))
        for number in 0..<11 as Range<UInt16> {
            var dialogue = Dialogue(mapping(number), tracker: tracker)
            dialogue.logIn()
            announce(1000, on: &dialogue)
            #expect(dialogue.statistics.refused[.tooMany] == (number < 10 ? nil : 1000))
            tracker = dialogue.release()
        }
        var other = Dialogue(mapping(0, of: v4(10, 1, 0, 3)), tracker: tracker)
        other.logIn()
        other.send(.client, "PORT 10,1,0,3,19,137\r\n")
        #expect(other.statistics.refused == [.tooMany: 1000])
        #expect(other.open.contains("10.1.0.3:5001"))
    }

    @Test func `all addresses with the same 64 leading bits are one client`() {
        let base = IPAddress.v6(high: 0xfd01_0000_0000_0001, low: 1)
        #expect(Client(base) == Client(.v6(high: 0xfd01_0000_0000_0001, low: .max)))
        #expect(Client(base) != Client(.v6(high: 0xfd01_0000_0000_0002, low: 1)))
        #expect(Client(v4(10, 1, 0, 2)) != Client(v4(10, 1, 0, 3)))
    }

    @Test func `budgets of many clients take bounded memory and stay separate`() {
        var budgets = Budgets(interval: 1000, burst: 2)
        let now = Instant(nanoseconds: 1)
        var spent = 0
        for holder in 0..<20_000 {
            for _ in 0..<2 where budgets.spend(holder, at: now) { spent += 1 }
        }
        #expect(spent == 40_000)
        let moments: [UInt64] = [1, 1001, 1001, 2001]
        let answers = moments.map { budgets.spend(19_999, at: Instant(nanoseconds: $0)) }
        #expect(answers == [false, true, false, true])
    }
}
