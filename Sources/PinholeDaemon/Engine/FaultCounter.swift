package import FTPHelper

/// How often each thing failed, and which failures are worth a line in the log.
package struct FaultCounter {
    /// Lines about one kind of failure in each period.
    private static let burst: UInt64 = 5
    /// Seconds.
    private static let period: UInt32 = 10

    /// How often each thing failed that ever did.
    package private(set) var counts: [Fault: UInt64] = [:]
    private var limiters: [Fault: RateLimiter] = [:]

    package init() {}

    /// Counts a failure; what to log of it, or nothing where there was enough of it lately.
    package mutating func count(
        _ fault: Fault,
        _ times: UInt64 = 1,
        at now: Instant,
        _ reason: @autoclosure () -> String
    ) -> Notice? {
        counts[fault, default: 0] += times
        let limiter = RateLimiter(burst: FaultCounter.burst, period: FaultCounter.period)
        guard let leftOut = limiters[fault, default: limiter].admit(at: now) else { return nil }
        return .fault(fault, reason: reason(), leftOut: leftOut)
    }
}
