package import FTPHelper
import Glibc

/// The two clocks of the shell; the core has none.
package enum Clock {
    /// The moment now on the clock that never goes back (`CLOCK_MONOTONIC`).
    package static func now() -> Instant {
        let time = read(CLOCK_MONOTONIC)
        return Instant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    /// Seconds since 1970 began, with their fraction (`CLOCK_REALTIME`).
    package static func wall() -> Double {
        let time = read(CLOCK_REALTIME)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // Sound: `time` outlives the call. Both clocks exist on every Linux, so that the call cannot fail.
        unsafe clock_gettime(clock, &time)
        return time
    }
}
