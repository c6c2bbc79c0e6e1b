// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// Pauses of 50 to 500 ms whose lengths follow from a seed, which a failure names: `PINHOLE_SEED` repeats them.
enum Pauses {
    /// Calls `body` with the numbers from 0 up to `count`, after a pause each.
    static func with(count: Int, _ body: (Int) async throws -> Void) async throws {
        let given = ProcessInfo.processInfo.environment["PINHOLE_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max / 2)
        do {
            var state = seed
            for number in 0..<count {
                // The multiplier of Knuth's MMIX; the upper half of its numbers is random enough.
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                try await Task.sleep(for: .milliseconds(50 + (state >> 32) % 451))
                try await body(number)
            }
        } catch {
            Issue.record("PINHOLE_SEED=\(seed) repeats the pauses before this")
            throw error
        }
    }
}
