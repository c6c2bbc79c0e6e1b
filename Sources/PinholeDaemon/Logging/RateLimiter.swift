// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// Allows a number of events per period and counts the rest.
package struct RateLimiter: Hashable, Sendable {
    /// The number allowed per period.
    private let burst: UInt64
    /// The period, in seconds.
    private let period: UInt32
    /// When the current period ends.
    private var end: Instant?
    private var passed: UInt64 = 0
    private var leftOut: UInt64 = 0

    package init(burst: UInt64, period: UInt32) {
        self.burst = burst
        self.period = period
    }

    /// Asks to allow one event; returns the number refused since the last allowed one, or `nil` if this one is refused.
    package mutating func allow(at now: Instant) -> UInt64? {
        if end.map({ now >= $0 }) ?? true {
            end = now.advanced(bySeconds: period)
            passed = 0
        }
        guard passed < burst else {
            leftOut += 1
            return nil
        }
        passed += 1
        defer { leftOut = 0 }
        return leftOut
    }
}
