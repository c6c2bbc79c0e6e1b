import CNetfilter
package import FTPHelper
import Glibc

/// The two ipsets in which the firewall looks whether a SYN is one that we expect.
///
/// A member, `hash:ip,port,ip`, is where the SYN goes to and where it comes from: `10.2.0.100,tcp:5001,10.2.0.2`. The
/// rules create the sets; members come and go here. The messages are those of protocol version 6, which every
/// kernel speaks that has ipset.
package struct PinholeSet: ~Copyable {
    /// One of the sets; each holds addresses of one protocol.
    package enum Family: Hashable, Sendable, CaseIterable {
        case v4
        case v6

        /// What the set is called in the rules.
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

    private var socket: NetlinkSocket

    /// Opens the sets of the calling thread's network namespace; whether they are there, `exists` tells.
    ///
    /// - Throws: `EPERM` without `CAP_NET_ADMIN`, `EPROTONOSUPPORT` if the kernel has no ipset.
    package static func open() throws(SystemError) -> PinholeSet {
        var socket = try NetlinkSocket.open(Int32(NFNL_SUBSYS_IPSET))
        try socket.probe("use ipset", command: IPSET_CMD_PROTOCOL.rawValue) {
            $0.put(IPSET_ATTR_PROTOCOL, UInt8(IPSET_PROTOCOL_MIN))
        }
        return PinholeSet(socket: socket)
    }

    /// Tells whether the set of that family has been created.
    ///
    /// - Throws: `IPSET_ERR_TYPE_MISMATCH` if there is one of that name and of another type.
    package mutating func exists(_ family: Family) throws(SystemError) -> Bool {
        try exists(family, family.name, type: "hash:ip,port,ip")
    }

    /// Tells whether the family has a set of that name, which is to be of that type.
    mutating func exists(_ family: Family, _ name: String, type wanted: String) throws(SystemError) -> Bool {
        let operation = "look up set \(name)"
        let header: [UInt8]
        do {
            header = try request(operation, IPSET_CMD_HEADER, family, name) { _ in }
        } catch {
            guard error.code == ENOENT else { throw error }
            return false
        }
        let bytes = header.span
        guard let type = bytes.attribute(UInt32(IPSET_ATTR_TYPENAME), in: 0..<bytes.count) else {
            throw SystemError(operation, code: EBADMSG)
        }
        guard header[type].elementsEqual("\(wanted)\0".utf8) else {
            throw SystemError(operation, code: Int32(IPSET_ERR_TYPE_MISMATCH.rawValue))
        }
        return true
    }

    /// Adds the expectation for `timeout` seconds; one that is there already lasts so long from now on.
    ///
    /// - Throws: `ENOENT` if there is no such set, `IPSET_ERR_HASH_FULL` if it is full.
    package mutating func add(_ expectation: Expectation, timeout: UInt32) throws(SystemError) {
        try change("add to set", IPSET_CMD_ADD, expectation, timeout: timeout)
    }

    /// Takes the expectation out; one that is not there is not an error.
    package mutating func remove(_ expectation: Expectation) throws(SystemError) {
        try change("remove from set", IPSET_CMD_DEL, expectation)
    }

    /// Empties all sets; one that is not there has nothing in it.
    package mutating func flush() throws(SystemError) {
        for family in Family.allCases {
            for name in [family.name, family.sessionsName] {
                do {
                    _ = try request("flush set \(name)", IPSET_CMD_FLUSH, family, name) { _ in }
                } catch {
                    guard error.code == ENOENT else { throw error }
                }
            }
        }
    }

    /// Adds or removes the member that stands for the expectation.
    ///
    /// Without `NLM_F_EXCL` the kernel takes it that adding finds one there, or removing none.
    private mutating func change(
        _ operation: String,
        _ command: ipset_cmd,
        _ expectation: Expectation,
        timeout: UInt32? = nil
    ) throws(SystemError) {
        let family = Family(of: expectation.from)
        _ = try request("\(operation) \(family.name)", command, family, family.name) {
            $0.put(member: expectation, timeout: timeout)
        }
    }

    mutating func request(
        _ operation: @autoclosure () -> String,
        _ command: ipset_cmd,
        _ family: Family,
        _ name: String,
        _ attributes: (inout NetlinkWriter) -> Void
    ) throws(SystemError) -> [UInt8] {
        try socket.request(
            operation(),
            command: command.rawValue,
            family: family == .v4 ? AF_INET : AF_INET6
        ) {
            $0.put(IPSET_ATTR_PROTOCOL, UInt8(IPSET_PROTOCOL_MIN))
            $0.put(IPSET_ATTR_SETNAME, text: name)
            attributes(&$0)
        }
    }
}

extension NetlinkWriter {
    /// Writes a member, what a SYN must have: where it goes to, and where it comes from (`IPSET_ATTR_DATA`).
    package mutating func put(member expectation: Expectation, timeout: UInt32?) {
        nest(IPSET_ATTR_DATA) {
            $0.put(IPSET_ATTR_IP, member: expectation.to.address)
            $0.put(IPSET_ATTR_PORT | Int(NLA_F_NET_BYTEORDER), expectation.to.port)
            $0.put(IPSET_ATTR_PROTO, UInt8(IPPROTO_TCP))
            $0.put(IPSET_ATTR_IP2, member: expectation.from)
            if let timeout { $0.put(IPSET_ATTR_TIMEOUT | Int(NLA_F_NET_BYTEORDER), timeout) }
        }
    }

    /// Writes an address as ipset has it: within an attribute of its own, and said to be in network order.
    mutating func put(_ type: Int, member address: IPAddress) {
        nest(type) {
            $0.put(
                address,
                v4: IPSET_ATTR_IPADDR_IPV4 | Int(NLA_F_NET_BYTEORDER),
                v6: IPSET_ATTR_IPADDR_IPV6 | Int(NLA_F_NET_BYTEORDER)
            )
        }
    }
}
