// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// The bytes of a record, which another version of the program may have to read.
@Suite struct LayoutTests {
    /// The lines before the record is written.
    enum Stage: CaseIterable {
        case greeted, loggedIn, expecting, edited, transferring, quoting, missing, encrypted, secured, notFTP

        func play(_ dialogue: inout Dialogue) {
            let transfers = NATCase.all[1].transfers(5001)
            dialogue.send(.server, "220 ready\r\n")
            guard self != .greeted else { return }
            guard self != .notFTP else {
                dialogue.send(.client, "POST / HTTP/1.1\r\n")
                return
            }
            if self == .encrypted || self == .secured {
                dialogue.send(.client, "AUTH TLS\r\n")
                dialogue.send(.server, "234 go\r\n")
                guard self == .secured else { return }
                for side in [Session.Side.client, .server, .client, .server] {
                    dialogue.send(
                        side,
                        String(
                            decoding: [23, 3, 3, 0, 64] + [UInt8](repeating: 65, count: 64),
                            as: UTF8.self
                        )
                    )
                }
                return
            }
            dialogue.send(.client, "USER anonymous\r\n")
            dialogue.send(.server, "331 password\r\n")
            dialogue.send(.client, "PASS guest\r\n")
            dialogue.send(.server, "230 in\r\n")
            switch self {
            case .expecting: dialogue.send(.client, transfers.active.sent)
            case .edited:
                dialogue.send(.client, transfers.active.sent)
                dialogue.send(.server, "200 ok\r\n")
                dialogue.send(.client, "TYPE I\r\nNOOP\r\nREST 7\r\n")
            case .transferring:
                dialogue.send(.client, "CWD /pub\r\n")
                dialogue.send(.server, "250 ok\r\n")
                dialogue.send(.client, transfers.active.sent + "RETR f\r\n")
                dialogue.send(.server, "200 ok\r\n150 x\r\n")
                dialogue.send(.client, "STAT\r\nABOR\r\n")
            case .quoting:
                dialogue.send(.client, "STAT x\r\nPASV\r\n")
                dialogue.send(.server, "213-x\r\n")
                dialogue.send(.client, "NOOP\r\n")
                dialogue.send(.server, "500 x\r\n211-y\r\n")
            case .missing:
                dialogue.send(.client, "PASV\r\n")
                dialogue.miss(.server, "227 x\r\n")
            default: break
            }
        }
    }

    private func dialogue(at stage: Stage, _ mapping: Mapping) -> Dialogue {
        let tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        var dialogue = Dialogue(mapping, tracker: tracker)
        stage.play(&dialogue)
        return dialogue
    }

    private func record(of dialogue: inout Dialogue) -> [UInt64] {
        var last: [UInt64] = []
        dialogue.tracker.takeRecords { _, record in
            last = record ?? []
            return 1
        }
        return last
    }

    @Test(arguments: Stage.allCases, NATCase.all)
    func `a connection in each state, written and read again, is equal field by field`(
        stage: Stage,
        nat: NATCase
    ) throws {
        var before = dialogue(at: stage, nat.mapping)
        let written = record(of: &before)
        let kept = try #require(KeptConnection(written, at: before.now))
        guard let original = before.tracker.store.slot(of: nat.mapping.original) else {
            Issue.record("it is not followed")
            return
        }
        let (read, wanted) = (fields(of: kept.connection), fields(of: original.connection))
        #expect(read == wanted)
        #expect(kept.connection.summary == original.connection.summary)
        // And the next daemon writes the same.
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 2))
        var output = Output()
        let isTaken = tracker.restore(kept, at: before.now, into: &output)
        #expect(isTaken)
        var again: [UInt64]?
        tracker.takeRecords { _, record in
            again = record
            return 1
        }
        #expect(again == written)
    }

    /// Something that few connections have, and that a record must not lose.
    enum Peculiarity: CaseIterable {
        case reset, bypassing, reversed, shifted, lentPort, proxied, uncertain, implicitTLS, finished

        /// A connection with it.
        func dialogue() throws -> Dialogue {
            let nat = NATCase.all[self == .lentPort || self == .uncertain ? 1 : 0]
            var policy = Policy()
            policy.rules.isStrict = self == .reset
            policy.implicitTLSPorts = self == .implicitTLS ? [21] : []
            let tracker = Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 1))
            var dialogue = Dialogue(nat.mapping, tracker: tracker, isAdopted: self == .shifted)
            if self == .lentPort || self == .uncertain || self == .reversed || self == .reset {
                dialogue.logIn()
                dialogue.send(.client, nat.transfers(5001).active.sent)
                dialogue.send(.server, "200 ok\r\n")
            }
            switch self {
            case .reset: dialogue.send(.client, "PORT x\r\n")
            case .bypassing: dialogue.send(.client, "SSH-2.0-OpenSSH_9.2\r\n")
            case .reversed:
                let bytes = dialogue.segment(.server, "226 done\r\n".utf8).bytes
                let found = HashedSegment(bytes.span)
                let arrival = try #require(found)
                dialogue.perform { tracker, _, output in tracker.markReversed(arrival, into: &output) }
            case .shifted:
                dialogue.perform { tracker, now, output in
                    tracker.learn(
                        nat.mapping,
                        hasKernelHelper: false,
                        shifted: .server,
                        phase: .established,
                        at: now,
                        into: &output
                    )
                }
                dialogue.send(.client, "NOOP\r\n")
            case .lentPort:
                dialogue.use(ExpectationTests.syn(from: "10.2.0.2", to: "10.200.100.100", 5001))
            case .proxied:
                dialogue.send(.server, "220 x\r\n")
                dialogue.send(.client, "PROXY TCP4 198.51.100.7 203.0.113.5 40000 21\r\nUSER u\r\n")
            case .uncertain:
                dialogue.perform { tracker, now, _ in tracker.requireProofs(at: now) }
                dialogue.wait(seconds: 0)
            case .implicitTLS:
                let hello = TLSRecordsTests.record(22, version: 1, [1, 0, 0, 1, 0])
                for side in [Session.Side.client, .server] {
                    dialogue.transmit(dialogue.segment(side, hello))
                }
            case .finished:
                dialogue.logIn()
                dialogue.send(.client, "QUIT\r\n", flags: [.ack, .fin])
            }
            return dialogue
        }

        func isFound(in connection: borrowing Connection) -> Bool {
            switch self {
            case .reset: connection.isReset
            case .bypassing: connection.bypassesQueue
            case .reversed: connection.isReversed
            case .shifted: connection.shifted == .server
            case .lentPort: connection.lentPort != nil
            case .proxied: connection.proxied?.address == v4(198, 51, 100, 7)
            case .uncertain: !connection.uncertainty.isEmpty
            case .implicitTLS: connection.session.isImplicit
            case .finished: connection.streams[0].hasFIN
            }
        }
    }

    @Test(arguments: Peculiarity.allCases)
    func `a peculiar connection, written and read again, is equal field by field`(peculiarity: Peculiarity)
        throws
    {
        var before = try peculiarity.dialogue()
        let kept = try #require(KeptConnection(record(of: &before), at: before.now))
        guard let original = before.tracker.store.slot(of: before.mapping.original) else {
            Issue.record("it is not followed")
            return
        }
        let isFound = [
            peculiarity.isFound(in: original.connection), peculiarity.isFound(in: kept.connection),
        ]
        #expect(isFound == [true, true])
        let (read, wanted) = (fields(of: kept.connection), fields(of: original.connection))
        #expect(read == wanted)
    }

    /// Every property that a record has, with its value.
    private func fields(of connection: borrowing Connection) -> [String] {
        var fields = [
            "mapping: \(connection.mapping)", "entry: \(connection.entryID)",
            "began: \(connection.firstSecond)", "server's start: \(connection.serverStart)",
            "counts: \(connection.edits) \(connection.opened) \(connection.used) \(connection.refused)",
            "liberal: \(connection.isLiberal)", "closed: \(connection.isClosed)",
            "reset: \(connection.isReset)", "reversed: \(connection.isReversed)",
            "shifted: \(connection.shifted)", "bypassing: \(connection.bypassesQueue)",
            "uncertainty: \(connection.uncertainty.rawValue)", "waiting: \(connection.isWaiting)",
            "proxied: \(connection.proxied?.address as Any)", "lent: \(connection.lentPort as Any)",
            "expectation: \(connection.expectation as Any)", "transferring: \(connection.isTransferring)",
        ]
        fields += self.fields(of: connection.session)
        for side in connection.streams.indices { fields += self.fields(of: connection.streams[side]) }
        return fields
    }

    /// Positions, edits, and the bytes that were not read yet; a record has no others.
    private func fields(of stream: Stream) -> [String] {
        var omitted: Set = ["bytes", "ahead", "_unread", "_scanned", "isScarce"]
        if !stream.hasFIN { omitted.insert("fin") }
        if !stream.acknowledgedUnseen.isAfter(stream.next) { omitted.insert("acknowledgedUnseen") }
        let fields = Mirror(reflecting: stream).children
            .filter { !omitted.contains($0.label ?? "") }
            .map { "\($0.label ?? ""): \($0.value)" }
        return fields + ["rest: \(stream.bytes[stream.unread...])"]
    }

    /// Every stored property with its value; of TLS records between two of them nothing has to be known of the last one.
    private func fields(of session: Session) -> [String] {
        let tls = session.encryption.map {
            "TLS: \($0.isImplicit) \($0.isDistrusted) \($0.clientIsPlain) \($0.serverIsPlain) \($0.isSecured)"
        }
        return Mirror(reflecting: session).children.map { child in
            if child.label == "phase", let tls { return tls }
            return "\(child.label ?? ""): \(child.value)"
        }
    }

    @Test func `the layout matches its version`() {
        #expect(KeptConnection.version == 9, "write down the bytes of the new version")
        for (stage, mapping, golden) in Self.golden {
            var dialogue = dialogue(at: stage, mapping)
            let words = record(of: &dialogue).map { String($0, radix: 16) }.joined(separator: " ")
            #expect(words == golden, "\(stage): count KeptConnection.version up")
        }
    }

    private static let golden: [(Stage, Mapping, String)] = [
        (
            .loggedIn, NATCase.all[0].mapping,
            "1402000414040005 140200053960002a 2b396014040004 200000000 d00000000000aa "
                + "3c4000001da00000 bcb737b730890814 187f804239bab7b6 100dcc"
        ),
        (
            .edited, NATCase.all[1].mapping,
            "1402000414040005 1590c8c93960002a 2b396014040004 200000000 8022022000000aa "
                + "b10ac4000000e401 4808401822 4800000084 c0c0c8b0c0c4a84 c0c0c4b0c0c0c4b "
                + "48dcccc4b0e4c4b a0000007e000000 db5e5b9bdb984484 e0308000185cdd5b "
                + "20400001b73061f 89c49804551493d4 a30a7fc100489c49 10"
        ),
        (
            .transferring, NATCase.all[0].mapping,
            "1402000414040005 140200053960002a 2b396014040004 200000000 80200044000000aa "
                + "8d8b880000020 b9bdb9844840a000 834185cdd5bdb5e5 43b63061fe0389 1026275702f0810 "
                + "c4e24c022a8a49ea 51853fe080244e24 75702f0c1041180c 3b9aca0071662f62 0"
        ),
        (
            .quoting, NATCase.all[3].mapping,
            "140200059600e20b 140200053960002a 2b396014040004 200000000 2100000000000aa "
                + "6c40000022e00000 bcb737b730890814 10510010b9bab7b6 221b983002d51d3 0"
        ),
        (
            .secured, NATCase.all[0].mapping,
            "1402000414040005 140200053960002a 2b396014040004 200000000 8500000000000aa "
                + "244000003ca00000 204932ff004401e 20001001c00008"
        ),
    ]
}
