// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import PinholeDaemon

/// What a gateway does, alone or in a pair.
enum GatewayRole: Hashable, Sendable {
    /// It has no other gateway.
    case single
    /// The daemon runs here, or on neither gateway of the pair.
    case active
    /// The daemon runs on the other gateway of the pair.
    case standby

    /// - Parameters:
    ///   - isPaired: whether the configuration names another gateway.
    ///   - peer: what `pinhole sync` has written.
    ///   - now: the time.
    init(isPaired: Bool, _ peer: PeerStatus?, at now: Instant) {
        guard isPaired else {
            self = .single
            return
        }
        self = peer?.isStandingBy(at: now) ?? false ? .standby : .active
    }
}
