// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// The capabilities of this process (`capabilities(7)`).
package enum Capabilities {
    /// The capabilities that the daemon uses; the values are those of `linux/capability.h`.
    package enum Capability: UInt64, Sendable {
        /// `CAP_NET_ADMIN`: queues, conntrack, sets.
        case networkAdministration = 12
        /// `CAP_NET_RAW`: raw sockets.
        case rawSockets = 13

        /// The set that contains only this capability, as in `/proc/PID/status`.
        package var bit: UInt64 { 1 << rawValue }
    }

    /// Returns whether `capability` is in the effective set.
    ///
    /// The corresponding C function is `capget`.
    package static func contain(_ capability: Capability) -> Bool {
        sets.map { $0.effective & capability.bit != 0 } ?? false
    }

    private static var sets: (effective: UInt64, permitted: UInt64)? {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        // Sound: the call writes two 64-bit numbers.
        guard unsafe clinux_get_capabilities(&effective, &permitted) == 0 else { return nil }
        return (effective, permitted)
    }

    /// Irrevocably reduces the effective and the permitted set to `capability`.
    ///
    /// The corresponding C function is `capset`. It is not called if there is nothing to give up, because a service manager
    /// may forbid the call.
    static func keep(only capability: Capability) throws(SystemError) {
        if let sets, sets == (capability.bit, capability.bit) { return }
        _ = try SystemError.check("give up capabilities") { clinux_set_capabilities(capability.bit) }
    }

    /// Empties the capability bounding set, so that no program started from here can gain a capability
    /// (`PR_CAPBSET_DROP`).
    ///
    /// Without `CAP_SETPCAP` the set stays as it is. That does no harm: `Sandbox` allows neither starting programs nor new
    /// privileges.
    static func emptyBoundingSet() throws(SystemError) {
        do {
            _ = try SystemError.check("empty the bounding set") { clinux_empty_bounding_set() }
        } catch {
            guard error.code == EPERM else { throw error }
        }
    }
}
