// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@testable import pinhole

struct RepairPaceTests {
    private func moment(_ seconds: Double) -> Instant { Instant(nanoseconds: UInt64(seconds * 1e9)) }

    @Test func `the first repair is immediate, and the next ones are half a second apart`() {
        var pace = RepairPace()
        #expect(pace.allows(at: moment(0)))
        for count in 1...RepairPace.toleratedRepairs {
            pace.note(at: moment(Double(count) / 2))
            #expect(!pace.allows(at: moment(Double(count) / 2 + 0.4)))
            #expect(pace.allows(at: moment(Double(count) / 2 + 0.5)))
            #expect(!pace.isContested)
        }
    }

    @Test func `repeated repairs are ever farther apart, up to half a minute`() {
        var pace = RepairPace()
        var now = 1.0
        var intervals: [Double] = []
        for _ in 1...11 {
            pace.note(at: moment(now))
            intervals.append(pace.interval)
            now += pace.interval
        }
        #expect(intervals == [0.5, 0.5, 0.5, 1, 2, 4, 8, 16, 30, 30, 30])
        #expect(pace.isContested)
    }

    @Test func `after half a minute without repairs the pace is reset`() {
        var pace = RepairPace()
        for second in 1...4 { pace.note(at: moment(Double(second))) }
        #expect(pace.interval == 1)
        pace.note(at: moment(4 + 1 + 31))
        #expect(pace.count == 1 && pace.interval == 0.5)
    }
}
