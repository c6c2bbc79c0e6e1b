package import FTPHelper
import Glibc
package import Linux

/// The sets in which the firewall looks whether a SYN is one that the daemon is to see, for each family one of each kind.
///
/// The rules create the sets; members come and go here.
package struct PinholeSet: ~Copyable {
    /// Each set holds addresses of one protocol.
    package enum Family: Hashable, Sendable, CaseIterable {
        case v4
        case v6

        /// What the set of expectations is called in the rules.
        package var name: String {
            switch self {
            case .v4: "pinhole4"
            case .v6: "pinhole6"
            }
        }

        /// What the set is called that has the addresses of encrypted sessions.
        package var sessionsName: String { "\(name)-sessions" }

        init(of address: IPAddress) {
            switch address {
            case .v4: self = .v4
            case .v6: self = .v6
            }
        }
    }

    /// Whose sets they are, and whose rules look into them.
    package enum Backend: String, Hashable, Sendable, CaseIterable {
        /// Sets of nftables, in the table of the rules.
        case nft
        /// Sets of ipset, which iptables can look into.
        case iptables
    }

    package let backend: Backend
    var socket: NetlinkSocket

    init(_ backend: Backend, _ socket: consuming NetlinkSocket) {
        self.backend = backend
        self.socket = socket
    }

    /// Opens the sets of the calling thread's network namespace; whether they are there, `exists` tells.
    ///
    /// - Throws: `EPERM` without `CAP_NET_ADMIN`, `EPROTONOSUPPORT` if the kernel has no such sets.
    package static func open(_ backend: Backend) throws(SystemError) -> PinholeSet {
        switch backend {
        case .nft: try openTable()
        case .iptables: try openIPSets()
        }
    }

    /// Tells whether the set of expectations of that family has been created.
    ///
    /// - Throws: `IPSET_ERR_TYPE_MISMATCH` if there is one of that name and of another type.
    package mutating func exists(_ family: Family) throws(SystemError) -> Bool {
        try exists(.pinholes, family)
    }

    /// Adds the expectation for `timeout` seconds; one that is there already lasts so long from now on.
    ///
    /// - Throws: `ENOENT` if there is no such set; `IPSET_ERR_HASH_FULL`, or `ENFILE` from nftables, if it is full.
    package mutating func add(_ expectation: Expectation, timeout: UInt32) throws(SystemError) {
        try add(.pinhole(expectation), timeout: timeout)
    }

    /// Takes the expectation out; one that is not there is not an error.
    package mutating func remove(_ expectation: Expectation) throws(SystemError) {
        try remove(.pinhole(expectation))
    }

    /// Adds a control connection of which every packet is to be seen, of either side.
    ///
    /// It stays for as long as conntrack keeps a silent one (`nf_conntrack_tcp_timeout_established`), should nobody take it out.
    ///
    /// - Throws: As `add` does.
    package mutating func watch(_ mapping: Mapping) throws(SystemError) {
        try add(.control(mapping), timeout: 432_000)
    }

    /// Takes it out; one that is not there is not an error.
    package mutating func unwatch(_ mapping: Mapping) throws(SystemError) {
        do {
            try remove(.control(mapping))
        } catch {
            // Nor is it one when the rules were unloaded, and the set with them.
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Tells whether the set of encrypted sessions of that family has been created.
    ///
    /// - Throws: `IPSET_ERR_TYPE_MISMATCH` if there is one of that name and of another type.
    package mutating func sessionsExist(_ family: Family) throws(SystemError) -> Bool {
        try exists(.sessions, family)
    }

    /// Adds an address that encrypted sessions are open for: each of its SYNs is worth a question.
    ///
    /// One that is there already stays.
    ///
    /// - Throws: As `add` does.
    package mutating func admit(_ address: IPAddress) throws(SystemError) {
        try add(.session(address), timeout: nil)
    }

    /// Takes an address out; one that is not there is not an error.
    package mutating func withdraw(_ address: IPAddress) throws(SystemError) {
        do {
            try remove(.session(address))
        } catch {
            // Nor is it one when the rules were unloaded, and the set with them.
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Empties all sets; one that is not there has nothing in it.
    package mutating func flush() throws(SystemError) {
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
        case .iptables: try addMember(member, timeout: timeout)
        }
    }

    private mutating func remove(_ member: Member) throws(SystemError) {
        switch backend {
        case .nft: try removeElement(member)
        case .iptables: try removeMember(member)
        }
    }
}

extension PinholeSet.Backend {
    /// Those that have a set of expectations in the calling thread's network namespace, and so rules.
    ///
    /// In a table of nftables rules and sets are together, while ipsets may well be there without any.
    package static var loaded: [PinholeSet.Backend] { allCases.filter(\.isLoaded) }

    private var isLoaded: Bool {
        guard var sets = try? PinholeSet.open(self) else { return false }
        // One of another kind is there, too.
        return PinholeSet.Family.allCases.contains { (try? sets.exists($0)) ?? true }
    }
}
