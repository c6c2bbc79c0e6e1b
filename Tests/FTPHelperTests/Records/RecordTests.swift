// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// The record of a connection for the next daemon.
///
/// That one can go on with it, `ModelTests` shows.
@Suite struct RecordTests {
    private static let now = Instant(nanoseconds: 1_000_000_000)

    /// The records after the lines of a dialogue, in the order in which the connection's packets left them.
    private func records(_ nat: NATCase, _ lines: [(Session.Side, String)]) -> [[UInt64]] {
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        var output = Output()
        var records: [[UInt64]] = []
        var positions: (client: UInt32, server: UInt32) = (1000, 5000)
        func packet(_ side: Session.Side, _ text: String, _ flags: TCPFlags = [.ack]) -> [UInt8] {
            let isClient = side == .client
            return PacketBuilder(
                tuple: isClient ? nat.mapping.original : nat.mapping.reply,
                sequence: isClient ? positions.client : positions.server,
                acknowledgement: isClient ? positions.server : positions.client,
                flags: flags,
                payload: Array(text.utf8)
            ).bytes
        }
        positions.server -= 1
        let handshake = packet(.server, "", [.syn, .ack])
        positions.server += 1
        for bytes in [handshake] {
            _ = tracker.receive(bytes.span, at: Self.now, into: &output)
            tracker.learn(
                nat.mapping,
                entryID: 7,
                hasKernelHelper: false,
                phase: .opening,
                at: Self.now,
                into: &output
            )
            _ = tracker.receive(bytes.span, at: Self.now, into: &output)
        }
        for (side, text) in lines {
            _ = tracker.receive(packet(side, text).span, at: Self.now, into: &output)
            if side == .client { positions.client += UInt32(text.utf8.count) }
            if side == .server { positions.server += UInt32(text.utf8.count) }
            tracker.takeRecords { _, record in
                if let record { records.append(record) }
                return 1
            }
        }
        return records
    }

    private static let login: [(Session.Side, String)] = [
        (.server, "220 ready\r\n"), (.client, "USER anonymous\r\n"), (.server, "331 password\r\n"),
        (.client, "PASS guest\r\n"), (.server, "230 in\r\n"),
    ]

    @Test(arguments: NATCase.all)
    func `an idle connection takes at most ten words with IPv4, an edited one twenty`(nat: NATCase) throws {
        let active = nat.transfers(5001).active
        let records = records(nat, Self.login + [(.client, active.sent), (.server, "200 ok\r\n")])
        let isIPv4 = nat.mapping.original.source.address.isSameFamily(as: .v4(0))
        #expect(records[4].count <= (isIPv4 ? 10 : 20), "\(records[4].count)")
        #expect(try #require(records.last).count <= (isIPv4 ? 20 : 30), "\(records.last?.count ?? 0)")
    }

    /// There is room for so many words.
    private struct Full: Error {}

    /// Takes the records over in the room that every connection has, and gives those handed over and the one kept.
    private func take(_ tracker: inout Tracker, room: Int) -> (
        offered: [[UInt64]], kept: [UInt64]?, isFull: Bool
    ) {
        var offered: [[UInt64]] = []
        var kept: [UInt64]?
        let failure = tracker.takeRecords { (_, record) throws(Full) in
            guard let record else { return 0 }
            offered.append(record)
            guard record.count <= room else { throw Full() }
            kept = record
            return 1
        }
        return (offered, kept, failure != nil)
    }

    private func dialogue(_ nat: NATCase) -> Dialogue {
        let tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 7))
        var dialogue = Dialogue(nat.mapping, tracker: tracker)
        dialogue.logIn()
        return dialogue
    }

    /// Words that a connection has room for whatever others have.
    private static let guaranteed = 80

    @Test(arguments: NATCase.all)
    func `the guaranteed part of a record has a bound, whatever the two sides send`(nat: NATCase) throws {
        let (active, passive) = nat.transfers(5001)
        let held = String(active.sent.dropLast(6))
        let names = String(repeating: "u", count: 64)
        let long = String(repeating: "x", count: 3500)
        let commands = (0..<80).map { _ in "NOOP\r\n" }.joined()
        let announcements = (0..<40).map { _ in active.sent }.joined()
        for clientEnd in ["", held, "STOR \(long)", "PORT " + String(repeating: " ", count: 3500)] {
            for serverEnd in ["", "226 \(long)", "226-\(long)", String(passive.sent.dropLast(8))] {
                var dialogue = dialogue(nat)
                dialogue.send(.client, "USER \(names)\r\n" + commands)
                for _ in 0..<80 { dialogue.send(.server, "200 ok\r\n") }
                dialogue.send(.client, passive.command + announcements)
                dialogue.send(.server, passive.sent)
                dialogue.send(.client, commands + passive.command + clientEnd)
                dialogue.send(.server, serverEnd)
                let (offered, kept, isFull) = take(&dialogue.tracker, room: Self.guaranteed)
                #expect(!isFull && offered.count <= 2)
                let record = try #require(kept, "\(offered.map(\.count)) words")
                #expect(KeptConnection(record, at: dialogue.now) != nil)
            }
        }
    }

    @Test(arguments: NATCase.all)
    func `a line left out of a record passes unread, and the next one is edited as usual`(nat: NATCase) throws
    {
        var dialogue = dialogue(nat)
        let (active, _) = nat.transfers(5001)
        dialogue.send(.client, active.sent)
        dialogue.send(.server, "200 ok\r\n")
        // What may announce something is kept where there is room for it.
        let long = String(active.sent.prefix(4)) + String(repeating: " ", count: 3500)
        dialogue.send(.client, long)
        let (offered, kept, isFull) = take(&dialogue.tracker, room: Self.guaranteed)
        #expect(!isFull && offered.count == 2)
        let record = try #require(kept)
        #expect(texts(in: offered[0]).contains { $0.contains("        ") })
        #expect(!texts(in: record).contains { $0.contains("        ") })

        var next = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 8))
        var output = Output()
        let isTaken = next.restore(
            try #require(KeptConnection(record, at: dialogue.now)),
            at: dialogue.now,
            into: &output
        )
        #expect(isTaken)
        dialogue.tracker = next
        // The end of the line would announce something if it were one of its own.
        let second = nat.transfers(5003).active
        #expect(dialogue.send(.client, second.sent) == second.sent)
        #expect(dialogue.open == [active.opens])
        dialogue.send(.server, "550 no\r\n")
        let third = nat.transfers(5002).active
        #expect(dialogue.send(.client, third.sent) == third.read)
        #expect(dialogue.open == [third.opens])
        #expect(dialogue.received.server.hasSuffix(active.read + long + second.sent + third.read))
    }

    @Test func `after the start of a long reply that is left out nothing counts before its end`() throws {
        let nat = NATCase.all[0]
        var dialogue = dialogue(nat)
        let (_, passive) = nat.transfers(5001)
        dialogue.send(.client, "STAT\r\n" + passive.command)
        dialogue.send(.server, "211-" + String(repeating: "x", count: 3500))
        let record = try #require(take(&dialogue.tracker, room: Self.guaranteed).kept)
        var next = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 8))
        var output = Output()
        _ = next.restore(
            try #require(KeptConnection(record, at: dialogue.now)),
            at: dialogue.now,
            into: &output
        )
        dialogue.tracker = next
        dialogue.send(.server, "\r\n" + passive.sent)
        #expect(dialogue.open == [])
        dialogue.send(.server, "211 end\r\n" + passive.sent)
        #expect(dialogue.open == [passive.opens])
    }

    @Test func `without any room the old record stays and the record is reported as not written`() throws {
        var dialogue = dialogue(NATCase.all[1])
        let first = take(&dialogue.tracker, room: Self.guaranteed)
        #expect(first.kept != nil && !first.isFull)
        dialogue.send(.client, "NOOP\r\n")
        let second = take(&dialogue.tracker, room: 0)
        #expect(second.kept == nil && second.isFull && second.offered.count == 2)
        dialogue.send(.client, "NOOP\r\n")
        var old: [Int] = []
        dialogue.tracker.takeRecords { place, _ in
            old.append(place)
            return 2
        }
        #expect(old == [1])
    }

    /// What bytes say that begin at any bit of a record.
    private func texts(in record: [UInt64]) -> [String] {
        (0..<8).map { shift in
            let bytes = record.indices.flatMap { index in
                let next = index + 1 < record.count ? record[index + 1] : 0
                let word =
                    shift == 0 ? record[index] : record[index] >> UInt64(shift) | next << UInt64(64 - shift)
                return (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test(arguments: ["PASS ", "pass ", "ACCT ", "\u{fffd}", ""])
    func `a record contains no part of a password, wherever its line is cut`(verb: String) {
        let secret = "s3cr3t-p4ssw0rd"
        let line = Array((verb + secret + "\r\n").utf8)
        for cut in 0...line.count {
            let parts = [line[..<cut], line[cut...]].map { String(decoding: $0, as: UTF8.self) }
            let lines = Self.login[..<3] + parts.map { (.client, $0) }
            let records = records(NATCase.all[1], Array(lines))
            #expect(texts(in: records[1]).contains { $0.contains("anonymous") })
            for record in records {
                // What may be the name of a command is kept until it is too long to be one.
                let part = verb.isEmpty ? "s3cr3t-p" : "s3cr3t"
                #expect(!texts(in: record).contains { $0.contains(part) }, "cut after \(cut)")
            }
        }
    }

    @Test func `a record of a wrong length is rejected, and arbitrary words do not trap`() throws {
        let active = NATCase.all[1].transfers(5001).active
        let dialogue = Self.login + [(.client, active.sent), (.client, String(active.sent.dropLast(4)))]
        let record = try #require(records(NATCase.all[1], dialogue).last)
        try #require(KeptConnection(record, at: Self.now) != nil)
        for count in 0..<record.count {
            #expect(KeptConnection(Array(record[..<count]), at: Self.now) == nil)
        }
        #expect(KeptConnection(record + [0], at: Self.now) == nil)
        for index in record.indices {
            for bit in 0..<64 {
                var other = record
                other[index] ^= 1 << UInt64(bit)
                guard let kept = KeptConnection(other, at: Self.now) else { continue }
                // Whatever it says, packets can follow.
                var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
                var output = Output()
                _ = tracker.restore(kept, at: Self.now, into: &output)
                for tuple in [kept.mapping.original, kept.mapping.reply] {
                    let bytes = PacketBuilder(
                        tuple: tuple,
                        sequence: 1000,
                        acknowledgement: 5000,
                        flags: [.ack],
                        payload: Array("NOOP\r\n".utf8)
                    ).bytes
                    _ = tracker.receive(bytes.span, at: Self.now, into: &output)
                }
                tracker.takeRecords { _, _ in 1 }
            }
        }
    }

    @Test func `the expectation keeps its id, and the next one gets another`() throws {
        let nat = NATCase.all[1]
        let active = nat.transfers(5001).active
        let record = try #require(records(nat, Self.login + [(.client, active.sent)]).last)
        let kept = try #require(KeptConnection(record, at: Self.now))
        #expect(kept.entryID == 7)
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 2))
        var output = Output()
        let isTaken = tracker.restore(kept, at: Self.now, into: &output)
        #expect(isTaken)
        #expect(output.actions.first == kept.expectation.map(Action.open))
        #expect(tracker.expectations.map(\.to.description) == [active.opens])
        #expect(tracker.expectations.map(\.id) == [1])
        #expect(tracker.book.lastID == 1)
        #expect(tracker.connections.map(\.user) == [Array("anonymous".utf8)])
    }

    @Test(arguments: [
        NATCase("the same", "10.1.0.2", "10.2.0.2"),
        NATCase("the same original tuple", "10.1.0.2", "10.2.0.2", client: "10.9.9.9"),
        NATCase("the same reply tuple", "10.1.0.7", "10.2.0.2", client: "10.1.0.2"),
    ])
    func `of two connections that share a tuple only the first is restored`(nat: NATCase) throws {
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 2))
        var output = Output()
        var taken: [Bool] = []
        for nat in [NATCase.all[0], nat] {
            let record = try #require(records(nat, Self.login).last)
            let kept = try #require(KeptConnection(record, at: Self.now))
            taken.append(tracker.restore(kept, at: Self.now, into: &output))
        }
        #expect(taken == [true, false])
        #expect(tracker.connections.map(\.mapping) == [NATCase.all[0].mapping])
    }

    @Test(arguments: [1, 2])
    func `a connection is restored once, and only if there is room`(places: Int) throws {
        let record = try #require(records(NATCase.all[0], Self.login).last)
        var policy = Policy()
        policy.maximumConnections = places
        var tracker = Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 2))
        var output = Output()
        let other = try #require(records(NATCase("other client", "10.1.0.9", "10.2.0.2"), Self.login).last)
        var taken: [Bool] = []
        for record in [record, record, other] {
            let kept = try #require(KeptConnection(record, at: Self.now))
            taken.append(tracker.restore(kept, at: Self.now, into: &output))
        }
        #expect(taken == [true, false, places > 1])
        #expect(tracker.connectionCount == places)
    }

    @Test func `a session that lost early lines does not count as logged in`() throws {
        let nat = NATCase.all[0]
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        var output = Output()
        var record: [UInt64]?
        for (sequence, text, flags) in [(4999, "", [.syn, .ack]), (5100, "30 in\r\n", [.ack])]
            as [(UInt32, String, TCPFlags)]
        {
            let bytes = PacketBuilder(
                tuple: nat.mapping.reply,
                sequence: sequence,
                acknowledgement: 1000,
                flags: flags,
                payload: Array(text.utf8)
            ).bytes
            if case .needsMapping = tracker.receive(bytes.span, at: Self.now, into: &output) {
                tracker.learn(
                    nat.mapping,
                    hasKernelHelper: false,
                    phase: .opening,
                    at: Self.now,
                    into: &output
                )
                _ = tracker.receive(bytes.span, at: Self.now, into: &output)
            }
            tracker.takeRecords {
                record = $1
                return 1
            }
        }
        let last = try #require(record)
        let kept = try #require(KeptConnection(last, at: Self.now))
        #expect(kept.connection.session.state == .greeting)
    }

    @Test func `the record of an ended connection is removed, and the next one replaces none`()
        throws
    {
        let nat = NATCase.all[0]
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        var output = Output()
        var kept: [String] = []
        let keep = { (old: Int, record: [UInt64]?) in
            kept.append("\(old) \(record == nil ? "gone" : "kept")")
            return record == nil ? 0 : kept.count
        }
        for _ in 0..<2 {
            let bytes = PacketBuilder(
                tuple: nat.mapping.reply,
                sequence: 4999,
                acknowledgement: 1000,
                flags: [.syn, .ack]
            ).bytes
            _ = tracker.receive(bytes.span, at: Self.now, into: &output)
            tracker.learn(nat.mapping, hasKernelHelper: false, phase: .opening, at: Self.now, into: &output)
            _ = tracker.receive(bytes.span, at: Self.now, into: &output)
            tracker.takeRecords(keep)
            tracker.end(nat.mapping, at: Self.now, into: &output)
            tracker.takeRecords(keep)
        }
        #expect(kept == ["0 kept", "1 gone", "0 kept", "3 gone"])
    }
}
