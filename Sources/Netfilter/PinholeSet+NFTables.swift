// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import FTPHelper
import Glibc
import Linux

/// The sets in the nftables table `inet pinhole`, with elements like `10.2.0.100 . 5001 . 10.2.0.2`, and `10.2.0.2`.
extension PinholeSet {
    /// The name of the table with the program's sets and rules.
    package static let table = "pinhole"

    static func openTable() throws(SystemError) -> PinholeSet {
        var socket = try NetlinkSocket.open(Int32(NFNL_SUBSYS_NFTABLES))
        try socket.probe("use nftables", command: NFT_MSG_GETGEN.rawValue) { _ in }
        return PinholeSet(.nft, socket)
    }

    /// Returns whether a set has the key type that its kind needs, and timeouts if it needs them; `nil` if it does not exist.
    mutating func hasElements(of kind: Kind, _ family: Family) throws(SystemError) -> Bool? {
        let name = family.name(of: kind)
        let set: [UInt8]
        do {
            set = try socket.ask("look up set \(name)", command: NFT_MSG_GETSET.rawValue, family: inet) {
                $0.put(NFTA_SET_TABLE.rawValue, text: Self.table)
                $0.put(NFTA_SET_NAME.rawValue, text: name)
            }
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
        let flags = set.span.number(UInt32.self, NFTA_SET_FLAGS.rawValue, in: 0..<set.count) ?? 0
        let type = set.span.number(UInt32.self, NFTA_SET_KEY_TYPE.rawValue, in: 0..<set.count)
        let hasTimeouts = flags & NFT_SET_TIMEOUT.rawValue != 0
        switch kind {
        case .pinholes: return type == family.pinholeType && hasTimeouts
        case .sessions: return type == family.addressType
        }
    }

    /// Adds an element, or gives an existing one the new timeout.
    ///
    /// The kernel does not change an element that exists already. With a timeout, the element is therefore added, so that
    /// it certainly exists, deleted and added again, in one transaction.
    mutating func addElement(_ member: Member, timeout: UInt32?) throws(SystemError) {
        let commands = [NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, NFT_MSG_NEWSETELEM]
        try change(
            member.setName,
            timeout == nil ? [NFT_MSG_NEWSETELEM] : commands,
            "add to set \(member.setName)"
        ) {
            $0.put(element: member, timeout: timeout)
        }
    }

    /// Removes an element.
    ///
    /// The kernel answers `ENOENT` both without the element and without the set; neither is an error here.
    mutating func removeElement(_ member: Member) throws(SystemError) {
        do {
            try change(member.setName, [NFT_MSG_DELSETELEM], "remove from set \(member.setName)") {
                $0.put(element: member, timeout: nil)
            }
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Deletes all elements of a set: a request without elements means all.
    mutating func deleteAllElements(of name: String) throws(SystemError) {
        try change(name, [NFT_MSG_DELSETELEM], "flush set \(name)") { _ in }
    }

    private mutating func change(
        _ name: String,
        _ commands: [nf_tables_msg_types],
        _ operation: @autoclosure () -> String,
        _ elements: (inout NetlinkWriter) -> Void
    ) throws(SystemError) {
        try socket.transaction(operation(), commands: commands.map(\.rawValue), family: inet) {
            $0.put(NFTA_SET_ELEM_LIST_TABLE.rawValue, text: Self.table)
            $0.put(NFTA_SET_ELEM_LIST_SET.rawValue, text: name)
            elements(&$0)
        }
    }
}

extension NetlinkWriter {
    /// Writes an element (`NFTA_SET_ELEM_LIST_ELEMENTS`).
    mutating func put(element member: PinholeSet.Member, timeout: UInt32?) {
        nest(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
            $0.nest(NFTA_LIST_ELEM.rawValue) {
                $0.nest(NFTA_SET_ELEM_KEY.rawValue) { $0.put(NFTA_DATA_VALUE.rawValue, bytes: member.key) }
                // In milliseconds.
                if let timeout { $0.put(NFTA_SET_ELEM_TIMEOUT.rawValue, UInt64(timeout) * 1000) }
            }
        }
    }
}

extension PinholeSet.Member {
    /// The parts of the key one after another, each padded to four bytes.
    fileprivate var key: [UInt8] {
        switch self {
        case .pinhole(let to, let from):
            let middle = [UInt8(to.port >> 8), UInt8(to.port & 0xff), 0, 0]
            return to.address.bytes + middle + from.bytes
        case .session(let address):
            return address.bytes
        }
    }
}

extension IPAddress {
    /// The address in network byte order.
    fileprivate var bytes: [UInt8] {
        switch self {
        case .v4(let value): Self.bytes(value)
        case .v6(let high, let low): Self.bytes(high) + Self.bytes(low)
        }
    }

    private static func bytes<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        stride(from: Number.bitWidth - 8, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: value >> Number($0))
        }
    }
}

extension PinholeSet.Family {
    /// The number of the address type in nft (`TYPE_IPADDR` and `TYPE_IP6ADDR` of `enum datatypes`).
    fileprivate var addressType: UInt32 { self == .v4 ? 7 : 8 }

    /// The number of the concatenated key type, six bits for each part: address, `inet_service`, address.
    fileprivate var pinholeType: UInt32 { addressType << 12 | 13 << 6 | addressType }
}

/// `NFPROTO_INET`, the family of tables for IPv4 and IPv6.
private let inet = Int32(NFPROTO_INET)
