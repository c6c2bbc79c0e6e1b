// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Glibc

/// The system's clocks.
package enum Clock {
    /// The current time of the monotonic clock (`CLOCK_MONOTONIC`).
    package static func now() -> Instant {
        let time = read(CLOCK_MONOTONIC)
        return Instant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    /// The current time of day, in seconds since 1970-01-01 00:00 UTC (`CLOCK_REALTIME`).
    package static func timeOfDay() -> Double {
        let time = read(CLOCK_REALTIME)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Reads the time zone file, which is not accessible inside the sandbox.
    package static func prepare() { tzset() }

    /// Formats a time in the local time zone as `ctime` does: `Thu Sep 04 10:12:13 2025`.
    package static func local(_ time: Double) -> String {
        var seconds = time_t(time)
        var parts = unsafe tm()
        var text = [CChar](repeating: 0, count: 64)
        // Sound: the variables outlive the calls, and strftime writes at most `text.count` bytes. The names are English, as
        // the program sets no locale. If the year exceeds 32 bits, `parts` keeps its zeros, which is 1900.
        unsafe localtime_r(&seconds, &parts)
        let count = unsafe strftime(&text, text.count, "%a %b %d %H:%M:%S %Y", &parts)
        return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Formats a time as RFC 3339 has it, in UTC and with milliseconds: `2025-09-04T08:12:13.042Z`.
    package static func timestamp(_ time: Double) -> String {
        let milliseconds = Int64(min(max(0, time * 1000), 1e16).rounded())
        var seconds = time_t(milliseconds / 1000)
        var parts = unsafe tm()
        var text = [CChar](repeating: 0, count: 64)
        // Sound: as in `local`.
        unsafe gmtime_r(&seconds, &parts)
        let count = unsafe strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let shown = String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(shown).\(String(milliseconds % 1000 + 1000).dropFirst())Z"
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // Sound: `time` outlives the call. Linux always has both clocks, so the call cannot fail.
        unsafe clock_gettime(clock, &time)
        return time
    }
}
