package import FTPHelper

/// Lets a few through in each period and counts the rest.
package struct RateLimiter: Hashable, Sendable {
    /// How many pass in a period.
    private let burst: UInt64
    /// Seconds.
    private let period: UInt32
    /// When the period ends that the last one to pass began or fell into.
    private var end: Instant?
    private var passed: UInt64 = 0
    private var leftOut: UInt64 = 0

    package init(burst: UInt64, period: UInt32) {
        self.burst = burst
        self.period = period
    }

    /// Asks for one to pass: the number left out since the last that passed, or `nil` if this one is left out too.
    package mutating func admit(at now: Instant) -> UInt64? {
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
