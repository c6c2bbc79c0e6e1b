// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import FTPHelper
import Testing

/// Whatever TCP does to a dialogue, both sides read what an editor of the whole text would have written.
@Suite struct ModelTests {
    typealias Step = Simulation.Step

    /// A step with an active announcement, which passes as it is where the policy does not allow it.
    private static func announce(
        _ nat: NATCase,
        _ port: Int,
        isAllowed: Bool,
        isPipelined: Bool = false
    ) -> Step {
        let active = nat.transfers(port).active
        return Step(
            .client,
            active.sent,
            reads: isAllowed ? active.read : active.sent,
            opens: isAllowed ? active.opens : nil,
            isPipelined: isPipelined
        )
    }

    /// Logs in, transfers a few files in each way, ends.
    static func dialogue(
        _ nat: NATCase,
        transfers: Int,
        isPipelined: Bool,
        allowsActive: Bool = true
    ) -> [Step] {
        var steps = [
            Step(.server, "220-hello 1,2,3\r\n220 ready\r\n"),
            Step(.client, "USER anonymous\r\n"), Step(.server, "331 password\r\n"),
            Step(.client, "PASS x@y\r\n"), Step(.server, "230-hi\r\n 230 no\r\n230 ok\r\n"),
        ]
        for number in 0..<transfers {
            let port = 5001 + number
            let p = "\(port / 256),\(port % 256)"
            steps += [
                announce(nat, port, isAllowed: allowsActive),
                Step(.client, "LIST\r\n", isPipelined: isPipelined),
                Step(.server, "200 ok\r\n150 (1,2,3)\r\n"), Step(.server, "226 done\r\n"),
                Step(.client, "TYPE I\r\n", isPipelined: isPipelined),
                Step(.client, nat.passive(p, port).command, isPipelined: true),
                Step(.server, "200 ok\r\n"),
                Step(
                    .server,
                    nat.passive(p, port).sent,
                    reads: nat.passive(p, port).read,
                    opens: nat.passive(p, port).opens
                ),
                Step(.client, "RETR f\r\n"), Step(.server, "150 here\r\n"), Step(.server, "226 done\r\n"),
            ]
        }
        return steps + [Step(.client, "QUIT\r\n"), Step(.server, "221 bye\r\n")]
    }

    /// Announces one endpoint after the other without waiting, and ends in the middle of one.
    static func flood(
        _ nat: NATCase,
        count: Int,
        isCutShort: Bool,
        allowsActive: Bool = true
    ) -> [Step] {
        var steps = [
            Step(.server, "220 ready\r\n"), Step(.client, "USER anonymous\r\n"), Step(.server, "230 ok\r\n"),
        ]
        for number in 0..<count {
            steps.append(announce(nat, 5001 + number, isAllowed: allowsActive, isPipelined: number > 0))
        }
        steps.append(Step(.server, String(repeating: "200 ok\r\n", count: count)))
        steps += (0..<3).map { Step(.client, nat.transfers($0).passive.command, isPipelined: $0 > 0) }
        for number in 0..<3 {
            let passive = nat.transfers(6001 + number).passive
            steps.append(
                Step(
                    .server,
                    passive.sent,
                    reads: passive.read,
                    opens: passive.opens,
                    isPipelined: number > 0
                )
            )
        }
        guard isCutShort else { return steps }
        return steps + [Step(.client, String(nat.transfers(7001).active.sent.dropLast(3)))]
    }

    @Test(arguments: NATCase.all, [1, 3, 1460])
    func `a dialogue survives loss, reordering, duplication and any segmentation`(
        nat: NATCase,
        segmentSize: Int
    ) {
        play(nat, segmentSize: segmentSize, restarts: 0)
    }

    @Test(arguments: NATCase.all, [1, 3, 1460])
    func `a dialogue also survives restarts from its records`(nat: NATCase, segmentSize: Int) {
        play(nat, segmentSize: segmentSize, restarts: 0.1)
    }

    private func play(_ nat: NATCase, segmentSize: Int, restarts: Double) {
        let base = Seed.base
        for round in 0..<UInt64(Seed.rounds) {
            let seed = base &+ round
            var random = Seeded(state: seed)
            var network = Simulation.Network()
            network.segmentSize = segmentSize
            network.restarts = restarts
            network.isCutting = seed % 2 == 0
            network.loss = [0, 0.05, 0.2][Int(random.next() % 3)]
            network.lossBehind = [0, 0.05, 0.2][Int(random.next() % 3)]
            network.restlessness = [0, 0.1][Int(random.next() % 2)]
            network.duplication = [0, 0.1][Int(random.next() % 2)]
            network.reordering = [0, 0.3, 1][Int(random.next() % 3)]
            network.window = [1, 4, 10][Int(random.next() % 3)]
            var policy = Policy()
            policy.rules.allowsActive = seed % 4 != 0
            let steps =
                seed % 3 == 0
                ? ModelTests.flood(
                    nat,
                    count: seed % 15 == 0 && segmentSize > 1 ? 50 : 6,
                    isCutShort: random.next() % 2 == 0,
                    allowsActive: policy.rules.allowsActive
                )
                : ModelTests.dialogue(
                    nat,
                    transfers: 2,
                    isPipelined: random.next() % 2 == 0,
                    allowsActive: policy.rules.allowsActive
                )
            var simulation = Simulation(nat.mapping, network: network, seed: seed, policy: policy)
            let complaint = simulation.play(steps)
            #expect(
                complaint == nil,
                "PINHOLE_SEED=\(seed) \(nat) segments of \(segmentSize), restarts \(restarts)"
            )
            if complaint != nil { return }
        }
    }
}

/// Seeds of the random tests: `PINHOLE_SEED` replays one, `PINHOLE_ROUNDS` plays more.
enum Seed {
    static var base: UInt64 { value("PINHOLE_SEED") ?? UInt64.random(in: 0...UInt64.max / 2) }
    static var rounds: Int { Int(value("PINHOLE_ROUNDS") ?? (value("PINHOLE_SEED") == nil ? 60 : 1)) }

    private static func value(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}
