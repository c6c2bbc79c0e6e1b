import Testing

@testable import FTPHelper

/// What is kept of a connection for the next daemon.
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
            tracker.learn(nat.mapping, entryID: 7, isHelped: false, at: Self.now, into: &output)
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
    func `an idle connection's takes ten words at most with IPv4, an edited one's twenty`(nat: NATCase) throws
    {
        let active = nat.transfers(5001).active
        let records = records(nat, Self.login + [(.client, active.sent), (.server, "200 ok\r\n")])
        let isIPv4 = nat.mapping.original.source.address.isSameFamily(as: .v4(0))
        #expect(records[4].count <= (isIPv4 ? 10 : 20), "\(records[4].count)")
        #expect(try #require(records.last).count <= (isIPv4 ? 20 : 30), "\(records.last?.count ?? 0)")
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
    func `no part of a password is in it, wherever its line is cut`(verb: String) {
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

    @Test func `one that is cut short or longer is none, and any other says something or nothing`() throws {
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

    @Test func `the expectation goes on with its number, and the next gets another`() throws {
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
        #expect(tracker.lastID == 1)
        #expect(tracker.connections.map(\.user) == [Array("anonymous".utf8)])
    }

    @Test func `a connection is taken back once, and where there is a place`() throws {
        let record = try #require(records(NATCase.all[0], Self.login).last)
        var policy = Policy()
        policy.maximumConnections = 1
        var tracker = Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 2))
        var output = Output()
        let other = try #require(records(NATCase.all[1], Self.login).last)
        var taken: [Bool] = []
        for record in [record, record, other] {
            let kept = try #require(KeptConnection(record, at: Self.now))
            taken.append(tracker.restore(kept, at: Self.now, into: &output))
        }
        #expect(taken == [true, false, false])
        #expect(tracker.connectionCount == 1)
    }

    @Test func `who lost lines that came too early is taken as logged in`() throws {
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
                tracker.learn(nat.mapping, isHelped: false, at: Self.now, into: &output)
                _ = tracker.receive(bytes.span, at: Self.now, into: &output)
            }
            tracker.takeRecords {
                record = $1
                return 1
            }
        }
        let last = try #require(record)
        let kept = try #require(KeptConnection(last, at: Self.now))
        #expect(kept.connection.session.state == .ready)
    }

    @Test func `the record of a connection that has gone goes too, and the next one takes the place of none`()
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
            tracker.learn(nat.mapping, isHelped: false, at: Self.now, into: &output)
            _ = tracker.receive(bytes.span, at: Self.now, into: &output)
            tracker.takeRecords(keep)
            tracker.forget(nat.mapping, at: Self.now, into: &output)
            tracker.takeRecords(keep)
        }
        #expect(kept == ["0 kept", "1 gone", "0 kept", "3 gone"])
    }
}
