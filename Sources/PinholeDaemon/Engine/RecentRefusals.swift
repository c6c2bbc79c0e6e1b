// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// The last refusals, each with its time, for those who did not watch when it happened.
struct RecentRefusals {
    /// How many are kept; a line has at most 120 bytes, so they take some tens of kilobytes.
    static let capacity = 100

    private var refusals: [(refusal: Refusal, time: Instant)] = []
    /// Where the oldest one is, once there are `capacity`.
    private var oldest = 0

    /// Adds a refusal; the oldest one gives way.
    mutating func append(_ refusal: Refusal, at now: Instant) {
        if refusals.count < Self.capacity {
            refusals.append((refusal, now))
        } else {
            refusals[oldest] = (refusal, now)
            oldest = (oldest + 1) % Self.capacity
        }
    }

    /// The newest first, as events; `wallTime` is the time of day at `now`.
    func records(at now: Instant, wallTime: Double) -> [EventRecord] {
        (refusals[oldest...] + refusals[..<oldest]).reversed().map { refusal, time in
            EventRecord(.refused(refusal), time: wallTime - time.seconds(until: now), instant: time)
        }
    }
}
