// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Every single mishap that the network can make of a short dialogue, between peers that behave as TCP does.
@Suite struct ExhaustionTests {
    typealias Step = Simulation.Step

    enum Mishap: CaseIterable { case lost, lostBehind, repeated, delayed }

    /// Whose addresses differ as much as they can.
    static let cases: [NATCase] = [
        NATCase.all[0],
        NATCase("longer", "1.1.1.1", "10.2.0.2", client: "10.200.100.100"),
        NATCase("shorter", "10.200.100.100", "10.2.0.2", client: "1.1.1.1"),
        NATCase("both", "1.1.1.1", "203.0.113.5", client: "10.200.100.100", server: "1.1.1.2"),
    ]

    /// Logs in and announces from both sides, the second time before the first was answered.
    private static func steps(_ nat: NATCase) -> [Step] {
        let one = nat.transfers(5001)
        let two = nat.transfers(5002)
        return [
            Step(.server, "220 x\r\n"), Step(.client, "USER x\r\n"), Step(.server, "230 x\r\n"),
            Step(.client, one.active.sent, reads: one.active.read, opens: one.active.opens),
            Step(
                .client,
                two.active.sent,
                reads: two.active.read,
                opens: two.active.opens,
                isPipelined: true
            ),
            Step(.client, one.passive.command, isPipelined: true),
            Step(.server, "200 x\r\n200 x\r\n"),
            Step(
                .server,
                one.passive.sent,
                reads: one.passive.read,
                opens: one.passive.opens,
                isPipelined: true
            ),
            Step(.client, "QUIT\r\n"), Step(.server, "221 x\r\n"),
        ]
    }

    /// Where the client's text is cut: nowhere, at one place, or everywhere from one place on.
    private static func cuts(_ nat: NATCase) -> [[Int]] {
        let login = "USER x\r\n".utf8.count
        let line = nat.transfers(5001).active.sent.utf8.count
        return [
            [], [login + 2], [login + 7], [login + line - 3], [login + line - 1],
            Array(login + 1..<login + line + 8),
        ]
    }

    @Test(arguments: cases, Mishap.allCases)
    func `a dialogue survives the loss or reordering of any one packet, with lines cut anywhere`(
        nat: NATCase,
        mishap: Mishap
    ) {
        for cuts in Self.cuts(nat) {
            var network = Simulation.Network()
            network.clientCuts = cuts
            var kind = Simulation(nat.mapping, network: network, seed: 1)
            let complaint = kind.play(Self.steps(nat))
            #expect(complaint == nil)
            let count = kind.sentPackets
            #expect(count > 15)
            for number in 0..<count {
                var network = network
                switch mishap {
                case .lost: network.lost = [number]
                case .lostBehind: network.lostBehind = [number]
                case .repeated: network.repeated = [number]
                case .delayed: network.delayed = [number]
                }
                var simulation = Simulation(nat.mapping, network: network, seed: 1)
                let complaint = simulation.play(Self.steps(nat))
                #expect(complaint == nil, "packet \(number), cut at \(cuts)")
                if complaint != nil { return }
            }
        }
    }

    @Test(arguments: cases)
    func `a dialogue survives the loss of any two packets`(nat: NATCase) {
        for first in 0..<40 {
            for second in first + 1..<40 {
                var network = Simulation.Network()
                network.clientCuts = [15]
                network.lost = [first]
                network.lostBehind = [second]
                var simulation = Simulation(nat.mapping, network: network, seed: 1)
                let complaint = simulation.play(Self.steps(nat))
                #expect(complaint == nil, "packets \(first) and \(second)")
                if complaint != nil { return }
            }
        }
    }
}
