import CLinux
import Glibc

/// What the process may do of what otherwise only root may.
package enum Capabilities {
    package enum Capability: UInt64, Sendable {
        /// `CAP_NET_ADMIN`: queues, conntrack, sets.
        case networkAdministration = 12
        /// `CAP_NET_RAW`: raw sockets.
        case rawSockets = 13

        /// The set that has this one in it and no other, as `/proc/PID/status` has it.
        package var bit: UInt64 { 1 << rawValue }
    }

    /// Tells whether `capability` is in the effective set.
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

    /// Keeps `capability` and gives up every other for good: in the effective and the permitted set this one is left.
    ///
    /// The corresponding C function is `capset`. It is not called where there is nothing to give up: a service manager
    /// may have forbidden it.
    static func keep(only capability: Capability) throws(SystemError) {
        if let sets, sets == (capability.bit, capability.bit) { return }
        _ = try SystemError.check("give up capabilities") { clinux_set_capabilities(capability.bit) }
    }

    /// Lets no program that is started ever have a capability again (`PR_CAPBSET_DROP`).
    ///
    /// Where `CAP_SETPCAP` was kept from us it stays as it is. That is no loss: `Sandbox` lets no program be started, and
    /// none have more than this process has.
    static func emptyBoundingSet() throws(SystemError) {
        do {
            _ = try SystemError.check("empty the bounding set") { clinux_empty_bounding_set() }
        } catch {
            guard error.code == EPERM else { throw error }
        }
    }
}
