// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages
package import Netfilter

/// The rules that one backend has loaded, as far as users have to know them.
package struct LoadedRules: Hashable, Sendable {
    package let backend: PinholeSet.Backend
    /// The ports whose control connections are queued, in order.
    package let ports: [UInt16]
    /// The queues to which the rules lead; `nil` if they have come apart.
    package let controlQueue: UInt16?
    package let dataQueue: UInt16?

    /// What is loaded now, of each backend that has anything.
    ///
    /// Only root can read it.
    package static func all() throws(UserError) -> [LoadedRules] {
        var all: [LoadedRules] = []
        for backend in PinholeSet.Backend.loaded { all.append(try current(of: backend)) }
        return all
    }

    private static func current(of backend: PinholeSet.Backend) throws(UserError) -> LoadedRules {
        switch backend {
        case .nft:
            let table = NFTTable(parsing: try Firewall.nftTable() ?? "")
            return LoadedRules(
                backend: backend,
                ports: table.ports.sorted(),
                controlQueue: table.queue(at: .mangle),
                dataQueue: table.queue(at: .raw)
            )
        case .iptables:
            let parts = try Installation.current().parts[.v4]
            let ports = parts?[.mangle]?.numbers(after: "--ctorigdstport") ?? []
            return LoadedRules(
                backend: backend,
                ports: Set(ports).sorted(),
                controlQueue: parts?[.mangle]?.queue,
                dataQueue: parts?[.raw]?.queue
            )
        }
    }
}
