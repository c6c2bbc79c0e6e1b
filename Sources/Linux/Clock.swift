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

    /// Reads the time zone, which is a file and could not be read later on.
    package static func prepare() { tzset() }

    /// A time as this machine's clocks on the wall show it, as `ctime` writes it: `Thu Sep 04 10:12:13 2025`.
    package static func local(_ time: Double) -> String {
        var seconds = time_t(time)
        var parts = unsafe tm()
        var text = [CChar](repeating: 0, count: 64)
        // Sound: all of them outlive the calls, and no more is written than there is room for. Names are in English, for nobody
        // sets a locale; a year that has no place in 32 bits leaves it at 1900.
        unsafe localtime_r(&seconds, &parts)
        let count = unsafe strftime(&text, text.count, "%a %b %d %H:%M:%S %Y", &parts)
        return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // Sound: `time` outlives the call. Both clocks exist on every Linux, so that the call cannot fail.
        unsafe clock_gettime(clock, &time)
        return time
    }
}
