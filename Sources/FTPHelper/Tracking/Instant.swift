// SPDX-License-Identifier: GPL-2.0-or-later

/// A moment on a monotonic clock, in nanoseconds since an arbitrary start.
///
/// The core has no clock: every function that needs the time gets it as a parameter.
package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since that start; the daemon's clock is `CLOCK_MONOTONIC`.
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The moment `seconds` later.
    package func advanced(bySeconds seconds: UInt32) -> Instant {
        Instant(nanoseconds: nanoseconds &+ UInt64(seconds) &* 1_000_000_000)
    }

    /// Seconds from `self` to `later`; 0 if that is not later.
    package func seconds(until later: Instant) -> Double {
        later > self ? Double(later.nanoseconds - nanoseconds) / 1e9 : 0
    }
}
