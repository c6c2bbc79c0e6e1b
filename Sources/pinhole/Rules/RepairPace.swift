// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// How soon rules may be put back again: after half a second, and ever later while somebody keeps removing them.
struct RepairPace {
    /// How many repairs in a row may be half a second apart: a reload of a firewall may be several steps.
    static let toleratedRepairs = 3
    /// The longest time between two repairs in a row, in seconds.
    static let longest = 30.0
    /// Seconds without a repair after which the row is over, on top of the time that had to pass.
    static let calm = 30.0

    /// How many repairs there were in a row.
    private(set) var count = 0
    private var last: Instant?

    /// When the next repair may be; `nil` if there was none yet.
    var next: Instant? { last.map { RepairPace.moment(interval, after: $0) } }

    /// Seconds between the last repair and the next one.
    var interval: Double {
        let excess = min(max(0, count - RepairPace.toleratedRepairs), 6)
        return min(RepairPace.longest, 0.5 * Double(1 << excess))
    }

    /// Whether somebody keeps removing the rules.
    var isContested: Bool { count > RepairPace.toleratedRepairs }

    /// Tells whether a repair may be made now.
    func allows(at now: Instant) -> Bool { next.map { $0 <= now } ?? true }

    /// Counts a repair, or an attempt at one.
    mutating func note(at now: Instant) {
        if let next, RepairPace.moment(RepairPace.calm, after: next) < now { count = 0 }
        count += 1
        last = now
    }

    private static func moment(_ seconds: Double, after instant: Instant) -> Instant {
        Instant(nanoseconds: instant.nanoseconds + UInt64(seconds * 1e9))
    }
}
