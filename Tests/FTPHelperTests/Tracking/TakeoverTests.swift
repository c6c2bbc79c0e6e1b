// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Sessions that go on through another gateway (`Tracker.prove`).
@Suite struct TakeoverTests {
    @Test(arguments: NATCase.all)
    func `with all records every session goes on, whenever the gateway dies`(nat: NATCase) {
        for moment in 2..<170 {
            var interruption = Interruption(nat.mapping, seed: UInt64(moment))
            let outcome = interruption.play(Interruption.steps(nat), at: moment, .death(missing: 0))
            #expect(outcome == .finished, "after \(moment) packets")
        }
    }

    @Test(arguments: NATCase.all, [1, 2, 4])
    func `without the last changes a session goes on or is reset, and no other host gets in`(
        nat: NATCase,
        missing: Int
    ) {
        var finished = 0
        for moment in 2..<170 {
            var interruption = Interruption(nat.mapping, seed: UInt64(moment))
            let outcome = interruption.play(Interruption.steps(nat), at: moment, .death(missing: missing))
            if outcome == .finished { finished += 1 }
            if case .failed(let reason) = outcome { Issue.record("after \(moment) packets: \(reason)") }
        }
        // Most changes are no edits.
        #expect(finished >= 80, "of 168")
    }

    @Test(arguments: NATCase.all)
    func `without any record a session goes on or is reset, and no other host gets in`(nat: NATCase) {
        for moment in 2..<170 {
            var interruption = Interruption(nat.mapping, seed: UInt64(moment))
            let outcome = interruption.play(Interruption.steps(nat), at: moment, .death(missing: nil))
            if case .failed(let reason) = outcome { Issue.record("after \(moment) packets: \(reason)") }
            // Where lines become shorter, a command on its way can look as if it had arrived.
            let isAmbiguous = nat.name == "SNAT to a shorter address"
            if moment < 12, !isAmbiguous { #expect(outcome == .finished, "nothing was edited yet") }
        }
    }

    @Test(arguments: NATCase.all, [1, 3, 8])
    func `a session goes on or is reset if the rules are missing right after the takeover`(
        nat: NATCase,
        packets: Int
    ) {
        var finished = 0
        for moment in stride(from: 2, to: 170, by: 3) {
            for missing in [0, 2] {
                var interruption = Interruption(nat.mapping, seed: UInt64(moment))
                let outcome = interruption.play(
                    Interruption.steps(nat),
                    at: moment,
                    .deathAndGap(missing: missing, packets: packets)
                )
                if case .failed(let reason) = outcome {
                    Issue.record("after \(moment) packets, without \(missing) changes: \(reason)")
                }
                if outcome == .finished { finished += 1 }
            }
        }
        #expect(finished >= 50, "of 112")
    }

    @Test(arguments: NATCase.all)
    func `with lost packets a session still goes on or is reset`(nat: NATCase) {
        for seed in UInt64(1)..<120 {
            var interruption = Interruption(nat.mapping, seed: seed)
            let outcome = interruption.play(
                Interruption.steps(nat),
                at: 10 + Int(seed),
                .death(missing: Int(seed) % 4),
                loss: 0.1
            )
            if case .failed(let reason) = outcome { Issue.record("seed \(seed): \(reason)") }
        }
    }
}
