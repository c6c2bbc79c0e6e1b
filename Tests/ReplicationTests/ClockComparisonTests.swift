// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@testable import Replication

/// The difference between two clocks.
@Suite struct ClockComparisonTests {
    private let hour: UInt64 = 3_600_000_000_000

    @Test func `the fastest message gives the difference of the clocks, the others their lag`() {
        var clocks = ClockComparison()
        #expect(clocks.shift == nil)
        for delay in [3_000_000, 200_000, 9_000_000] as [UInt64] {
            clocks.note(hour, at: Instant(nanoseconds: 2 * hour + delay))
        }
        #expect(clocks.shift == Int64(hour) + 200_000)
        #expect(clocks.lag == 8_800_000)
    }

    @Test func `a clock that is ahead gives a negative difference`() {
        var clocks = ClockComparison()
        clocks.note(2 * hour, at: Instant(nanoseconds: hour))
        #expect(clocks.shift == -Int64(hour))
    }

    @Test func `old measurements are forgotten`() {
        var clocks = ClockComparison()
        clocks.note(0, at: Instant(nanoseconds: 1))
        for _ in 0..<32 { clocks.note(0, at: Instant(nanoseconds: 5)) }
        #expect(clocks.shift == 5)
    }
}
