// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// The last refusals, sessions for which nothing opened, and blocked data connections, each with its time (`pinhole refusals`).
struct RecentTroubles {
    /// Maximum number of events; a line has at most 120 bytes, so they take some tens of kilobytes.
    static let capacity = 100

    private var events: [(event: Event, time: Instant)] = []
    /// Index of the oldest event, once there are `capacity`.
    private var oldest = 0

    /// Adds an event if it reports a refusal, an unopened session or a blocked connection; replaces the oldest one if needed.
    mutating func append(_ event: Event, at now: Instant) {
        guard event.troubled != nil else { return }
        if events.count < Self.capacity {
            events.append((event, now))
        } else {
            events[oldest] = (event, now)
            oldest = (oldest + 1) % Self.capacity
        }
    }

    /// The events, the newest first; `wallTime` is the time of day at `now`.
    func records(at now: Instant, wallTime: Double) -> [EventRecord] {
        (events[oldest...] + events[..<oldest]).reversed().map { event, time in
            EventRecord(event, time: wallTime - time.seconds(until: now), instant: time)
        }
    }
}

extension Event {
    /// The control connection for which something did not open or was not answered; `nil` for all other events.
    var troubled: Tuple? {
        switch self {
        case .refused(let refusal): refusal.connection
        case .unopened(let summary, _, _): summary.mapping.original
        case .blocked(let blocked): blocked.master
        case .connection, .connectionClosed, .expectation, .data, .expired, .closed, .encrypted, .gap,
            .outOfStep, .addressDecision, .transfer, .step:
            nil
        }
    }
}
