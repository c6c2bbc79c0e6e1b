// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Glibc
package import Linux

/// The sets that firewall rules match SYNs against to decide whether to queue them; one set of each kind for each family.
///
/// The rules create the sets; this type adds and removes their members.
package struct PinholeSet: ~Copyable {
    /// The address family of a set.
    package enum Family: Hashable, Sendable, CaseIterable {
        case v4
        case v6

        /// The name of the set of expectations in the rules.
        package var name: String {
            switch self {
            case .v4: "pinhole4"
            case .v6: "pinhole6"
            }
        }

        /// The name of the set of addresses with encrypted sessions.
        package var sessionsName: String { "\(name)-sessions" }

        init(of address: IPAddress) {
            switch address {
            case .v4: self = .v4
            case .v6: self = .v6
            }
        }
    }

    /// The firewall that has the sets and rules.
    package enum Backend: String, Hashable, Sendable, CaseIterable {
        /// nftables sets, in the table of the rules.
        case nft
        /// ipsets, which iptables rules match against.
        case iptables
    }

    package let backend: Backend
    var socket: NetlinkSocket
    /// The newest member of each ipset, by the set's name.
    var newest: [String: Newest] = [:]
    /// Whether a newest member was removed since this was last cleared: which one is the newest now is not known.
    package var hasForgotten = true

    init(_ backend: Backend, _ socket: consuming NetlinkSocket) {
        self.backend = backend
        self.socket = socket
    }

    /// Opens the sets of the calling thread's network namespace, which need not exist yet; see `exists`.
    ///
    /// - Throws: `EPERM` without `CAP_NET_ADMIN`, `EPROTONOSUPPORT` if the kernel lacks nftables or ipset.
    package static func open(_ backend: Backend) throws(SystemError) -> PinholeSet {
        switch backend {
        case .nft: try openTable()
        case .iptables: try openIPSets()
        }
    }

    /// Returns whether the set of expectations of a family exists.
    ///
    /// - Throws: `IPSET_ERR_TYPE_MISMATCH` if a set of that name has another type.
    package mutating func exists(_ family: Family) throws(SystemError) -> Bool {
        try exists(.pinholes, family)
    }

    /// Adds an expectation for `timeout` seconds, or restarts the timeout if the expectation is in the set already.
    ///
    /// It has a member for each host that may connect. If one cannot be added, `remove` removes the others.
    ///
    /// - Throws: `ENOENT` if the set does not exist; `IPSET_ERR_HASH_FULL`, or `ENFILE` with nftables, if it is full.
    package mutating func add(_ expectation: Expectation, timeout: UInt32) throws(SystemError) {
        try expectation.forEachSource { (source) throws(SystemError) in
            try add(.pinhole(to: expectation.to, from: source), timeout: timeout)
        }
    }

    /// Removes an expectation, if it is in the set.
    ///
    /// - Throws: `ENOENT` if the set does not exist.
    package mutating func remove(_ expectation: Expectation) throws(SystemError) {
        try expectation.forEachSource { (source) throws(SystemError) in
            try remove(.pinhole(to: expectation.to, from: source))
        }
    }

    /// Adds a control connection whose packets are to be queued in both directions.
    ///
    /// Unless it is removed, it expires after `Tracker.aliveSeconds`.
    ///
    /// - Throws: The errors of `add`.
    package mutating func watch(_ mapping: Mapping) throws(SystemError) {
        try add(.control(mapping), timeout: Tracker.aliveSeconds)
    }

    /// Removes a control connection, if it is in the set.
    package mutating func unwatch(_ mapping: Mapping) throws(SystemError) {
        do {
            try remove(.control(mapping))
        } catch {
            // The set is missing if the rules were unloaded.
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Returns whether the set of encrypted sessions of a family exists.
    ///
    /// - Throws: `IPSET_ERR_TYPE_MISMATCH` if a set of that name has another type.
    package mutating func sessionsExist(_ family: Family) throws(SystemError) -> Bool {
        try exists(.sessions, family)
    }

    /// The sets of encrypted sessions that do not exist, or have another type.
    package mutating func missingSessions() -> [String] {
        var missing: [String] = []
        for family in Family.allCases where (try? sessionsExist(family)) != true {
            missing.append(family.sessionsName)
        }
        return missing
    }

    /// Adds an address that has encrypted sessions, so that its SYNs are queued; it stays until it is removed.
    ///
    /// - Throws: The errors of `add`.
    package mutating func queueSYNs(from address: IPAddress) throws(SystemError) {
        try add(.session(address), timeout: nil)
    }

    /// Removes an address, if it is in the set.
    package mutating func stopQueueingSYNs(from address: IPAddress) throws(SystemError) {
        do {
            try remove(.session(address))
        } catch {
            // The set is missing if the rules were unloaded.
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Removes all members of all sets that exist.
    package mutating func flush() throws(SystemError) {
        newest.removeAll()
        for family in Family.allCases {
            for kind in Kind.allCases {
                let name = family.name(of: kind)
                do {
                    switch backend {
                    case .nft: try deleteAllElements(of: name)
                    case .iptables: try deleteAllMembers(of: name, family)
                    }
                } catch {
                    guard error.code == ENOENT else { throw error }
                }
            }
        }
    }

    private mutating func exists(_ kind: Kind, _ family: Family) throws(SystemError) -> Bool {
        let isOurs: Bool?
        switch backend {
        case .nft: isOurs = try hasElements(of: kind, family)
        case .iptables: isOurs = try hasMembers(of: kind, family)
        }
        guard let isOurs else { return false }
        guard isOurs else {
            throw SystemError("look up set \(family.name(of: kind))", answer: SystemError.typeMismatch)
        }
        return true
    }

    private mutating func add(_ member: Member, timeout: UInt32?) throws(SystemError) {
        switch backend {
        case .nft: try addElement(member, timeout: timeout)
        case .iptables:
            try addMember(member, timeout: timeout)
            remember(member, until: timeout.map(Clock.now().advanced(bySeconds:)))
        }
    }

    private mutating func remove(_ member: Member) throws(SystemError) {
        switch backend {
        case .nft: try removeElement(member)
        case .iptables:
            try removeMember(member)
            forget(member)
        }
    }
}

extension PinholeSet.Backend {
    /// The backends that have a set of expectations in the calling thread's network namespace.
    ///
    /// An nftables table has its rules and sets together, but ipsets can exist without rules.
    package static var loaded: [PinholeSet.Backend] { allCases.filter(\.isLoaded) }

    private var isLoaded: Bool {
        guard var sets = try? PinholeSet.open(self) else { return false }
        // A set of another type counts too.
        return PinholeSet.Family.allCases.contains { (try? sets.exists($0)) ?? true }
    }
}
