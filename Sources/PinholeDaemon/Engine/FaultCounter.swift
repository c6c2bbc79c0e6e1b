// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// Counts failures by kind, and limits how many of each kind are logged.
package struct FaultCounter {
    /// Log lines per kind of failure and period.
    private static let burst: UInt64 = 5
    /// The period, in seconds.
    private static let period: UInt32 = 10

    /// The number of failures by kind; kinds that never failed are missing.
    package private(set) var counts: [Fault: UInt64] = [:]
    private var limiters: [Fault: RateLimiter] = [:]

    package init() {}

    /// Counts a failure and returns the notice to log; `nil` if the limit is reached.
    package mutating func count(
        _ fault: Fault,
        _ times: UInt64 = 1,
        at now: Instant,
        _ reason: @autoclosure () -> String
    ) -> Notice? {
        counts[fault, default: 0] += times
        let limiter = RateLimiter(burst: FaultCounter.burst, period: FaultCounter.period)
        guard let leftOut = limiters[fault, default: limiter].allow(at: now) else { return nil }
        return .fault(fault, reason: reason(), leftOut: leftOut)
    }
}
