// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

extension Trait where Self == TimeLimitTrait {
    /// The time limit of a test through a gateway.
    ///
    /// It includes the wait for one of the few gateways that may exist at once, which is long when all tests run, and
    /// longest in an emulator. Elsewhere a test that hangs fails four minutes after it got its gateway (`Gateway.with`).
    static var gateway: Self { .timeLimit(.minutes(20 * Gateway.slowness)) }
}
