// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import PinholeDaemon
import Testing

@Suite struct RateLimiterTests {
    private func seconds(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    @Test func `a burst passes, and the rest of the period is left out`() {
        var limiter = RateLimiter(burst: 2, period: 10)
        #expect([0, 1, 2, 9].map { limiter.allow(at: seconds($0)) } == [0, 0, nil, nil])
    }

    @Test func `the first event of the next period has the number left out`() {
        var limiter = RateLimiter(burst: 1, period: 10)
        #expect(
            [0, 1, 2, 10, 11, 25, 26, 40].map { limiter.allow(at: seconds($0)) } == [
                0, nil, nil, 2, nil, 1, nil, 1,
            ]
        )
    }

    @Test func `unused allowance is not carried over`() {
        var limiter = RateLimiter(burst: 1, period: 10)
        #expect([0, 100, 101].map { limiter.allow(at: seconds($0)) } == [0, 0, nil])
    }
}
