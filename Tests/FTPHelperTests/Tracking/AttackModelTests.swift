// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import FTPHelper
import Testing

/// Whatever an attacker sends, nothing opens towards an honest end that this has not announced itself.
@Suite struct AttackModelTests {
    /// Attacks that are played; `PINHOLE_ATTACKS` plays more.
    private static let rounds =
        ProcessInfo.processInfo.environment["PINHOLE_ATTACKS"].flatMap { UInt64($0) } ?? 4000

    /// Decisions of attackers that once had a port opened, by name; the fuzzer starts from them.
    private static func known() throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Fuzz/Corpus/Attack")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            ($0, Array(try Data(contentsOf: folder.appendingPathComponent($0))))
        }
    }

    /// Anything, or something known with a few decisions more, less or other.
    private static func bytes(_ seed: UInt64, like known: [[UInt8]]) -> [UInt8] {
        var random = Seeded(state: seed)
        var bytes = known[Int(random.next() % UInt64(known.count))]
        guard seed % 2 == 0 else { return (0..<96).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
        for _ in 0...random.next() % 4 {
            let index = Int(random.next() % UInt64(bytes.count))
            let byte = UInt8(truncatingIfNeeded: random.next())
            switch random.next() % 4 {
            case 0: bytes[index] = byte
            case 1: bytes.insert(byte, at: index)
            case 2 where bytes.count > 1: bytes.remove(at: index)
            default:
                let other = known[Int(random.next() % UInt64(known.count))]
                bytes.replaceSubrange(index..., with: [byte] + other.dropFirst(index + 1))
            }
        }
        return bytes
    }

    @Test func `no attack opens a port that the honest end has not announced`() throws {
        let known = try AttackModelTests.known().map(\.bytes)
        var rightful: UInt64 = 0
        var adopted: UInt64 = 0
        for seed in 0..<AttackModelTests.rounds {
            var attack = Attack(AttackModelTests.bytes(seed, like: known))
            let complaint = attack.play()
            #expect(complaint == nil, "seed \(seed)")
            if complaint != nil { return }
            rightful += UInt64(attack.openings)
            adopted += attack.wasAdopted ? 1 : 0
        }
        // They get far enough to have something opened, and past restarts.
        #expect(rightful > AttackModelTests.rounds / 20)
        #expect(adopted > AttackModelTests.rounds / 20)
    }

    @Test func `attacks that once opened a port open nothing`() throws {
        let known = try AttackModelTests.known()
        #expect(known.count >= 14)
        for (name, bytes) in known {
            var attack = Attack(bytes)
            #expect(attack.play() == nil, "\(name)")
        }
    }

    // MARK: The model itself

    /// Four commands of an FTP client, and an attacker that does what a server would.
    private static func session(_ nat: UInt8, _ commands: [UInt8], answers: Int) -> [UInt8] {
        [nat, 0x20, 0] + commands + [0] + [UInt8](repeating: 0, count: answers)
    }

    @Test(arguments: 0..<4 as Range<UInt8>)
    func `an honest client without an attacker has its port opened`(nat: UInt8) {
        let commands: [UInt8] = [4, 4, 4, 0, 0]
        for (answers, opens) in [(3, 0), (4, 1), (6, 1)] {
            var attack = Attack(AttackModelTests.session(nat, commands, answers: answers))
            #expect(attack.play() == nil)
            #expect(attack.openings == opens)
        }
    }

    @Test(arguments: 0..<4 as Range<UInt8>)
    func `an honest server without an attacker has its ports opened`(nat: UInt8) {
        for (commands, opens) in [(4, 0), (5, 1), (6, 2)] {
            var attack = Attack([nat | 4, 0x20, 0, 0] + [UInt8](repeating: 0, count: commands))
            #expect(attack.play() == nil)
            #expect(attack.openings == opens)
        }
    }

    @Test func `the model reports a pinhole that leads to another host`() {
        // The server answers PASV with the address of another host, and the administrator has allowed that.
        let bytes: [UInt8] = [0, 0x20, 0, 4, 4, 4, 2, 0, 0, 0, 0, 0, 3, 22]
        var policy = Policy()
        for isLoose in [false, true] {
            policy.rules.honoured = isLoose ? .any : .none
            var attack = Attack(bytes, policy: policy)
            #expect((attack.play() != nil) == isLoose)
            #expect(attack.openings == 1)
        }
    }

    @Test func `the honest end accepts only segments within its TCP state`() {
        var end = HonestTCP(isServer: false, initial: 1000, segmentSize: 100)
        end.send(Array("hello".utf8))
        end.connect(opensFast: false)
        #expect(end.takeSent().map(\.flags) == [[.syn]])
        // A bare acknowledgement does nothing, a SYN-ACK of something else is refused.
        end.receive(WireSegment(sequence: 1, acknowledgement: 1001, flags: [.ack]))
        #expect(end.takeSent().isEmpty)
        for number in [1000, 1002] as [UInt32] {
            end.receive(WireSegment(sequence: 0, acknowledgement: number, flags: [.syn, .ack]))
            #expect(end.takeSent().map(\.flags) == [[.rst]])
        }
        end.receive(WireSegment(sequence: 0, acknowledgement: 1001, flags: [.syn, .ack], window: 3))
        end.transmit()
        #expect(end.takeSent().map(\.payload) == [[], Array("hel".utf8)])
        // A segment that acknowledges bytes never sent is not read, nor is one outside of the window.
        end.receive(
            WireSegment(sequence: 1, acknowledgement: 1005, flags: [.ack], payload: Array("no".utf8))
        )
        end.receive(
            WireSegment(sequence: 70_000, acknowledgement: 1001, flags: [.ack], payload: Array("no".utf8))
        )
        end.receive(WireSegment(sequence: 5, acknowledgement: 0, flags: [.rst]))
        end.receive(WireSegment(sequence: 1, acknowledgement: 1001, flags: [.syn, .ack]))
        #expect(end.takeReceived().isEmpty)
        #expect(end.isEstablished)
        _ = end.takeSent()
        end.receive(
            WireSegment(sequence: 3, acknowledgement: 1004, flags: [.ack], payload: Array("s!".utf8))
        )
        end.receive(
            WireSegment(sequence: 1, acknowledgement: 1004, flags: [.ack], payload: Array("ye".utf8))
        )
        #expect(end.takeReceived() == Array("yes!".utf8))
        end.transmit()
        #expect(end.takeSent().last?.payload == Array("lo".utf8))
        end.receive(WireSegment(sequence: 5, flags: [.rst]))
        #expect(end.state == .closed)
    }

    @Test func `the model of conntrack classifies connections like the kernel`() {
        let syn = WireSegment(sequence: 1000, flags: [.syn])
        let answer = WireSegment(sequence: 0, acknowledgement: 1001, flags: [.syn, .ack])
        let confirmation = WireSegment(sequence: 1001, acknowledgement: 1, flags: [.ack])
        for isLiberal in [false, true] {
            var conntrack = ConntrackModel(isLiberal: isLiberal, isTranslated: true)
            #expect(conntrack.take(answer, from: .server) == .invalid)
            #expect(conntrack.take(syn, from: .client) == .queued)
            // A bare acknowledgement of the server passes and changes nothing; the client's does not.
            var early = answer
            early.flags = [.ack]
            #expect(conntrack.take(early, from: .server) == .queued)
            #expect(conntrack.take(confirmation, from: .client) == .invalid)
            #expect(conntrack.found?.phase == .other)
            var wrong = answer
            wrong.acknowledgement &+= 1
            #expect(conntrack.take(wrong, from: .server) == (isLiberal ? .queued : .invalid))
            #expect(conntrack.take(answer, from: .server) == .queued)
            #expect(conntrack.found?.phase == .opening)
            #expect(conntrack.take(confirmation, from: .client) == .queued)
            #expect(conntrack.found?.phase == .established)
            conntrack.flush()
            #expect(conntrack.take(confirmation, from: .client) == .queued)
            #expect(conntrack.found?.id == 2)
        }
        // Without NAT a server can begin, and then it is no connection to the server.
        var conntrack = ConntrackModel(isLiberal: false, isTranslated: false)
        #expect(conntrack.take(WireSegment(sequence: 0, flags: [.syn]), from: .server) == .passes)
        #expect(conntrack.found?.isReversed == true)
    }
}
