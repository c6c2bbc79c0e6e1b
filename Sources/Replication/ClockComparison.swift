// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// The difference between this machine's clock and that of the other one, from the times that the other one sends.
///
/// Each message was on its way for some time, so the smallest of the last differences is the closest one. Clocks drift apart
/// slowly (some 10 ms in a minute at the worst), so the window may be short.
struct ClockComparison {
    /// Number of differences looked at, some seconds of them.
    private static let windowSize = 32

    private var differences: [Int64] = []
    /// Nanoseconds that the last message was on its way beyond the shortest way.
    private(set) var lag: UInt64 = 0

    /// Nanoseconds to add to a time of the other machine's clock; `nil` before the first message.
    var shift: Int64? { differences.min() }

    /// Notes a time of the other machine's clock that has just arrived.
    mutating func note(_ other: UInt64, at now: Instant) {
        let difference = Int64(bitPattern: now.nanoseconds &- other)
        if differences.count == ClockComparison.windowSize { differences.removeFirst() }
        differences.append(difference)
        lag = UInt64(max(0, difference - (shift ?? difference)))
    }
}
