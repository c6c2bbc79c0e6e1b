// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// What time brings, through `nextDeadline` and `fire` alone.
@Suite struct TimerTests {
    private static func mapping(_ number: Int) -> Mapping {
        Mapping(
            untranslated: Tuple(
                source: Endpoint(v4(10, 1, UInt32(number / 250), UInt32(number % 250 + 1)), 40000),
                destination: Endpoint(v4(10, 2, 0, 2), 21)
            )
        )
    }

    private static func port(_ number: Int, _ port: Int) -> String {
        "PORT 10,1,\(number / 250),\(number % 250 + 1),\(port / 256),\(port % 256)\r\n"
    }

    /// Connections on which expectations are opened, used, closed and renewed at random.
    private struct Crowd: ~Copyable {
        private static let count = 40
        var tracker: Tracker
        private let timeout: UInt32
        private var random: Seeded
        private var output = Output()
        private(set) var now = Instant(nanoseconds: 1)
        private var sequences = [UInt32](repeating: 1, count: count)
        private var answers = [UInt32](repeating: 1, count: count)
        private(set) var expired = 0

        init(timeout: UInt32) {
            self.timeout = timeout
            random = Seeded(state: UInt64(timeout))
            var policy = Policy()
            policy.rules.timeout = timeout
            tracker = Tracker(policy: policy, random: Seeded(state: 1))
        }

        /// Does one thing to one of the connections, or lets a few seconds pass.
        mutating func act() {
            let number = Int.random(in: 0..<Crowd.count, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3: deliver(number, .client, TimerTests.port(number, 5000 + number))
            case 4: deliver(number, .server, "500 no\r\n")
            case 5: deliver(number, .server, "200 ok\r\n")
            case 6: use(number)
            case 7:
                output.clear()
                if let id = tracker.expectations.first?.id { _ = tracker.delete(id, into: &output) }
            case 8:
                output.clear()
                tracker.end(TimerTests.mapping(number), at: now, into: &output)
                if !output.actions.isEmpty { (sequences[number], answers[number]) = (1, 1) }
            default: wait(seconds: UInt32.random(in: 0...5, using: &random))
            }
        }

        private mutating func deliver(_ number: Int, _ side: Session.Side, _ text: String) {
            let mapping = TimerTests.mapping(number)
            let packet = PacketBuilder(
                tuple: side == .client ? mapping.original : mapping.reply,
                sequence: side == .client ? sequences[number] : answers[number],
                acknowledgement: side == .client ? answers[number] : sequences[number],
                payload: Array(text.utf8)
            ).bytes
            if side == .client {
                sequences[number] &+= UInt32(text.utf8.count)
            } else {
                answers[number] &+= UInt32(text.utf8.count)
            }
            output.clear()
            if !tracker.follows(mapping) { tracker.earlier.insert(mapping, entryID: 0) }
            if case .needsMapping = tracker.receive(packet.span, at: now, into: &output) {
                tracker.learn(mapping, hasKernelHelper: false, phase: .established, at: now, into: &output)
                _ = tracker.receive(packet.span, at: now, into: &output)
            }
        }

        /// Lets the data connection of an expectation come.
        private mutating func use(_ number: Int) {
            let to = "10.1.\(number / 250).\(number % 250 + 1)"
            let syn = ExpectationTests.syn(from: "10.2.0.2", to: to, UInt16(5000 + number))
            output.clear()
            if let expected = SYN(syn.span).flatMap({ tracker.expected($0) }) {
                tracker.complete(.established(expected), at: now, into: &output)
            }
        }

        /// Lets each timer fire at its moment.
        mutating func wait(seconds: UInt32) {
            let end = now.advanced(bySeconds: seconds)
            while let deadline = tracker.nextDeadline, deadline <= end {
                #expect(deadline >= now, "a timer was late")
                now = max(now, deadline)
                output.clear()
                tracker.fire(at: now, into: &output)
                for case .report(.expired(let expectation)) in output.actions {
                    #expect(expectation.deadline == now)
                    expired += 1
                }
                for case .verify(let mapping) in output.actions {
                    tracker.learn(
                        mapping,
                        hasKernelHelper: false,
                        phase: .established,
                        at: now,
                        into: &output
                    )
                }
            }
            now = end
        }
    }

    @Test(arguments: [1, 7, 40, 300] as [UInt32])
    func `every expectation expires at its deadline, independently of the others`(timeout: UInt32) {
        var crowd = Crowd(timeout: timeout)
        for _ in 0..<4000 {
            crowd.act()
            let (expectations, now) = (crowd.tracker.expectations, crowd.now)
            guard expectations.allSatisfy({ $0.deadline > now }) else {
                Issue.record("one is open beyond its time")
                return
            }
            #expect(crowd.tracker.expectationCount == expectations.count)
            guard expectations.isEmpty || crowd.tracker.nextDeadline != nil else {
                Issue.record("nothing would close what is open")
                return
            }
        }
        let (open, before) = (crowd.tracker.expectationCount, crowd.expired)
        crowd.wait(seconds: timeout)
        #expect(open > 0 && crowd.expired == before + open)
    }

    @Test func `without connections there is no deadline`() {
        let tracker = Tracker(policy: Policy())
        #expect(tracker.nextDeadline == nil)
    }

    @Test
    func `an idle connection is checked every two minutes, one with an expectation every fifteen seconds`() {
        var dialogue = Dialogue.ready(snat)
        func asked(_ dialogue: borrowing Dialogue) -> Int { dialogue.actions.count { $0 == .verify(snat) } }
        dialogue.wait(seconds: 119)
        #expect(asked(dialogue) == 0)
        dialogue.wait(seconds: 1)
        #expect(asked(dialogue) == 1)
        dialogue.wait(seconds: 240)
        #expect(asked(dialogue) == 3)
        // Packets put it off.
        dialogue.wait(seconds: 119)
        dialogue.send(.client, "NOOP\r\n")
        dialogue.wait(seconds: 119)
        #expect(asked(dialogue) == 3)
        dialogue.wait(seconds: 1)
        #expect(asked(dialogue) == 4)
        dialogue.actions = []
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.wait(seconds: 14)
        #expect(asked(dialogue) == 0)
        dialogue.wait(seconds: 31)
        #expect(asked(dialogue) == 3)
    }

    @Test
    func
        `a connection that conntrack still has is kept, one that it has not is forgotten after two hours of silence`()
    {
        var dialogue = Dialogue.ready(snat)
        dialogue.perform { $0.learn(snat, hasKernelHelper: false, phase: .established, at: $1, into: &$2) }
        #expect(dialogue.actions.isEmpty)
        #expect(dialogue.tracker.connections.first?.state == .ready)
        dialogue.perform { $0.complete(.verified(snat, .gone), at: $1, into: &$2) }
        #expect(dialogue.events.isEmpty)
        #expect(dialogue.tracker.connections.first?.state == .ready)
        dialogue.now = dialogue.now.advanced(bySeconds: 7200)
        dialogue.perform { $0.complete(.verified(snat, .gone), at: $1, into: &$2) }
        #expect(dialogue.events.count == 1)
        if case .connectionClosed? = dialogue.events.first {} else { Issue.record("the end is not told") }
        dialogue.perform { $0.complete(.verified(snat, .gone), at: $1, into: &$2) }
        #expect(dialogue.events.count == 1)
    }

    @Test func `a closed connection is translated for as long as conntrack keeps it`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\nQUIT\r\n")
        dialogue.send(.server, "200 ok\r\n221 bye\r\n", flags: [.fin, .ack])
        dialogue.send(.client, "", flags: [.fin, .ack])
        #expect(dialogue.tracker.connections.isEmpty)
        #expect(dialogue.tracker.connectionCount == 0)
        var last = dialogue.segment(.client, flags: [.ack])
        #expect(dialogue.transmit(last)?.sequence == last.sequence &+ 2)
        dialogue.wait(seconds: 119)
        last.flags = [.ack, .fin]
        last.sequence &-= 1
        #expect(dialogue.transmit(last)?.sequence == last.sequence &+ 2)
        dialogue.wait(seconds: 119)
        #expect(dialogue.tracker.nextDeadline != nil)
        dialogue.wait(seconds: 1)
        #expect(dialogue.tracker.nextDeadline == nil)
        #expect(dialogue.events.count { if case .connectionClosed = $0 { true } else { false } } == 1)
    }

    @Test func `when many deadlines pass at once, connections are checked in small groups`() {
        var tracker = Tracker(policy: Policy(), random: Seeded(state: 1))
        for number in 0..<100 { tracker = Dialogue(Self.mapping(number), tracker: tracker).release() }
        var output = Output()
        let later = Instant(nanoseconds: 1_000_000_000).advanced(bySeconds: Tracker.idleSeconds)
        var counts: [Int] = []
        for _ in 0..<3 {
            output.clear()
            tracker.fire(at: later, into: &output)
            counts.append(output.actions.count)
        }
        #expect(counts == [64, 36, 0])
    }
}
