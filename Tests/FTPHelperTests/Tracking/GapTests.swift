// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Sessions whose packets bypass the queue while the rules are gone (`Tracker.requireProofs`).
@Suite struct GapTests {
    @Test(arguments: NATCase.all, [1, 3, 8])
    func `a session goes on or is reset when rules are missing at any moment, and never hangs`(
        nat: NATCase,
        packets: Int
    ) {
        var finished = 0
        for moment in 2..<170 {
            var interruption = Interruption(nat.mapping, seed: UInt64(moment))
            let outcome = interruption.play(Interruption.steps(nat), at: moment, .gap(packets: packets))
            if outcome == .finished { finished += 1 }
            if case .failed(let reason) = outcome { Issue.record("after \(moment) packets: \(reason)") }
        }
        // Those with a command on its way whose bytes have become fewer are lost.
        #expect(finished >= 85, "of 168")
    }

    @Test(arguments: NATCase.all, [1, 3, 8])
    func `a session goes on or is reset if the daemon is stopped with its rules, even twice`(
        nat: NATCase,
        packets: Int
    ) {
        for moment in stride(from: 2, to: 170, by: 3) {
            for again in [0, 1 + moment % 7] {
                var interruption = Interruption(nat.mapping, seed: UInt64(moment))
                let incident = Interruption.Incident.stop(packets: packets, again: again)
                let outcome = interruption.play(Interruption.steps(nat), at: moment, incident)
                if case .failed(let reason) = outcome {
                    Issue.record("after \(moment) packets, and \(again) more: \(reason)")
                }
            }
        }
    }

    @Test(arguments: NATCase.all)
    func `with lost packets a session still goes on or is reset`(nat: NATCase) {
        for seed in UInt64(1)..<120 {
            var interruption = Interruption(nat.mapping, seed: seed)
            let outcome = interruption.play(
                Interruption.steps(nat),
                at: 10 + Int(seed),
                .gap(packets: 1 + Int(seed) % 6),
                loss: 0.1
            )
            if case .failed(let reason) = outcome { Issue.record("seed \(seed): \(reason)") }
        }
    }
}
