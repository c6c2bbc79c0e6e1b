// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon

/// The daemon's answers at one moment, as JSON.
struct TopReport: Hashable, Sendable {
    /// Seconds on the monotonic clock.
    let time: Double
    /// Seconds since the epoch.
    let wallTime: Double
    let statistics: JSON
    let transfers: [JSON]
    /// The rows of the view; for refusals, their events.
    let rows: [JSON]
}
