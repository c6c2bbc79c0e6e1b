// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// Collects what goes to the log and the event stream once the verdicts are sent, and counts failures.
///
/// A client can cause thousands of events and failures a second, and the log is for people: refusals, and
/// failures of each kind, are let through at a limited rate.
package struct Notices {
    private var pending: [Notice] = []
    private var faults = FaultCounter()
    private var refusals = RateLimiter(burst: 100, period: 10)
    /// The last events that tell why something does not work, whether or not they were let through.
    private(set) var recentTroubles = RecentTroubles()

    /// The number of failures by kind; kinds that never failed are missing.
    package var faultCounts: [Fault: UInt64] { faults.counts }

    package var isEmpty: Bool { pending.isEmpty }

    /// Adds an event.
    package mutating func report(_ event: Event, at now: Instant) {
        recentTroubles.append(event, at: now)
        guard case .refused = event else {
            pending.append(.event(event, leftOut: 0))
            return
        }
        guard let leftOut = refusals.allow(at: now) else { return }
        pending.append(.event(event, leftOut: leftOut))
    }

    /// Counts a failure and adds it.
    package mutating func count(
        _ fault: Fault,
        _ times: UInt64 = 1,
        at now: Instant,
        _ reason: @autoclosure () -> String
    ) {
        if let notice = faults.count(fault, times, at: now, reason()) { pending.append(notice) }
    }

    /// Returns the pending notices in order and clears them.
    package mutating func drain() -> [Notice] {
        defer { pending.removeAll(keepingCapacity: true) }
        return pending
    }
}
