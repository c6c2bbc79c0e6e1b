import CLinux
import Glibc

/// What the process may do of what otherwise only root may.
package enum Capabilities {
    package enum Capability: UInt64, Sendable {
        /// `CAP_NET_ADMIN`: queues, conntrack, sets.
        case networkAdministration = 12
        /// `CAP_NET_RAW`: raw sockets.
        case rawSockets = 13
    }

    /// Tells whether `capability` is in the effective set.
    ///
    /// The corresponding C function is `capget`.
    package static func contain(_ capability: Capability) -> Bool {
        var effective: UInt64 = 0
        // Sound: the call writes one 64-bit number.
        guard unsafe clinux_effective_capabilities(&effective) == 0 else { return false }
        return effective & 1 << capability.rawValue != 0
    }
}
