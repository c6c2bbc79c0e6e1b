// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import FTPHelper
import Glibc
import Linux

/// The sets as ipsets: `hash:ip,port,ip`, with members like `10.2.0.100,tcp:5001,10.2.0.2`, and `hash:ip`.
///
/// The messages have protocol version 6, which every kernel with ipset understands.
extension PinholeSet {
    static func openIPSets() throws(SystemError) -> PinholeSet {
        var socket = try NetlinkSocket.open(Int32(NFNL_SUBSYS_IPSET))
        do {
            // Each set type can be a kernel module of its own, so that of the pinholes is asked for.
            try socket.probe("use ipset", command: IPSET_CMD_TYPE.rawValue) {
                $0.put(IPSET_ATTR_PROTOCOL, UInt8(IPSET_PROTOCOL_MIN))
                $0.put(IPSET_ATTR_TYPENAME, text: Kind.pinholes.ipsetType)
                $0.put(IPSET_ATTR_FAMILY, UInt8(AF_INET))
            }
        } catch {
            guard error.code == IPSET_ERR_FIND_TYPE.rawValue else { throw error }
            throw SystemError(error.operation, code: EPROTONOSUPPORT)
        }
        return PinholeSet(.iptables, socket)
    }

    /// Returns whether a set has the type that its kind needs; `nil` if it does not exist.
    mutating func hasMembers(of kind: Kind, _ family: Family) throws(SystemError) -> Bool? {
        let name = family.name(of: kind)
        let header: [UInt8]
        do {
            header = try socket.ask(
                "look up set \(name)",
                command: IPSET_CMD_HEADER.rawValue,
                family: family.number
            ) { $0.put(set: name) }
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
        let bytes = header.span
        guard let type = bytes.attribute(UInt32(IPSET_ATTR_TYPENAME), in: 0..<bytes.count) else {
            throw SystemError("look up set \(name)", code: EBADMSG)
        }
        return header[type].elementsEqual("\(kind.ipsetType)\0".utf8)
    }

    /// Adds a member.
    ///
    /// Without `NLM_F_EXCL` the kernel gives an existing member the new timeout.
    mutating func addMember(_ member: Member, timeout: UInt32?) throws(SystemError) {
        try request("add to set \(member.setName)", IPSET_CMD_ADD, member.family, member.setName) {
            $0.put(member: member, timeout: timeout)
        }
    }

    /// Removes a member.
    ///
    /// Without `NLM_F_EXCL` the kernel does not report a member that does not exist.
    mutating func removeMember(_ member: Member) throws(SystemError) {
        try request("remove from set \(member.setName)", IPSET_CMD_DEL, member.family, member.setName) {
            $0.put(member: member, timeout: nil)
        }
    }

    /// Tells whether a set has a member; also `true` if there is no such set.
    mutating func hasMember(_ member: Member) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try request("look into set \(member.setName)", IPSET_CMD_TEST, member.family, member.setName) {
                $0.put(member: member, timeout: nil)
            }
        } catch {
            guard error.code == IPSET_ERR_EXIST.rawValue else {
                guard error.code == ENOENT else { throw error }
                return true
            }
            return false
        }
        return true
    }

    mutating func deleteAllMembers(of name: String, _ family: Family) throws(SystemError) {
        try request("flush set \(name)", IPSET_CMD_FLUSH, family, name) { _ in }
    }

    private mutating func request(
        _ operation: @autoclosure () -> String,
        _ command: ipset_cmd,
        _ family: Family,
        _ name: String,
        _ attributes: (inout NetlinkWriter) -> Void
    ) throws(SystemError) {
        try socket.request(operation(), command: command.rawValue, family: family.number) {
            $0.put(set: name)
            attributes(&$0)
        }
    }
}

extension PinholeSet.Family {
    /// `AF_INET` or `AF_INET6`.
    fileprivate var number: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }
}

extension NetlinkWriter {
    /// Writes the name of the set and the version of the protocol.
    fileprivate mutating func put(set name: String) {
        put(IPSET_ATTR_PROTOCOL, UInt8(IPSET_PROTOCOL_MIN))
        put(IPSET_ATTR_SETNAME, text: name)
    }

    /// Writes a member (`IPSET_ATTR_DATA`).
    mutating func put(member: PinholeSet.Member, timeout: UInt32?) {
        switch member {
        case .pinhole(let to, let from):
            nest(IPSET_ATTR_DATA) {
                $0.put(IPSET_ATTR_IP, member: to.address)
                $0.put(IPSET_ATTR_PORT | Int(NLA_F_NET_BYTEORDER), to.port)
                $0.put(IPSET_ATTR_PROTO, UInt8(IPPROTO_TCP))
                $0.put(IPSET_ATTR_IP2, member: from)
                if let timeout { $0.put(IPSET_ATTR_TIMEOUT | Int(NLA_F_NET_BYTEORDER), timeout) }
            }
        case .session(let address): nest(IPSET_ATTR_DATA) { $0.put(IPSET_ATTR_IP, member: address) }
        }
    }

    /// Writes an address as ipset expects it: nested in an attribute, and marked as network byte order.
    fileprivate mutating func put(_ type: Int, member address: IPAddress) {
        nest(type) {
            $0.put(
                address,
                v4: IPSET_ATTR_IPADDR_IPV4 | Int(NLA_F_NET_BYTEORDER),
                v6: IPSET_ATTR_IPADDR_IPV6 | Int(NLA_F_NET_BYTEORDER)
            )
        }
    }
}

extension PinholeSet.Kind {
    fileprivate var ipsetType: String {
        switch self {
        case .pinholes: "hash:ip,port,ip"
        case .sessions: "hash:ip"
        }
    }
}
