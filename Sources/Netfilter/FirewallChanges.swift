// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import Glibc
package import Linux

/// The kernel's notifications of changes in nftables (`NFNLGRP_NFTABLES`), which iptables-nft causes as well.
package struct FirewallChanges: ~Copyable {
    /// A transaction that changed tables.
    package struct Change: Hashable, Sendable {
        /// The name and number of the process, `iptables-restore, process 1234`; empty if notifications were lost.
        package let author: String
    }

    private var socket: NetlinkSocket
    /// Whether the transaction whose notifications are being read has changed one of the tables, or members of its sets.
    ///
    /// They are kept between reads: the kernel sends the notifications of a long transaction one after another, and reading may
    /// overtake it.
    private var isConcerned = false
    private var areMembersConcerned = false

    /// Opens a socket that receives what changes from now on in the calling thread's network namespace.
    ///
    /// - Throws: `EPROTONOSUPPORT` if the kernel lacks nfnetlink.
    package static func open() throws(SystemError) -> FirewallChanges {
        let socket = try NetlinkSocket.open(Int32(NFNL_SUBSYS_NFTABLES), waits: false)
        try socket.join(NFNLGRP_NFTABLES.rawValue)
        return FirewallChanges(socket: socket)
    }

    private init(socket: consuming NetlinkSocket) { self.socket = socket }

    /// Readable when there are notifications.
    package var number: Int32 { socket.fileDescriptor }

    /// Reads all pending notifications.
    ///
    /// The daemon changes the members of its sets all the time, so what happens to members counts only if another program
    /// has done it.
    ///
    /// - Parameters:
    ///   - tables: family and name of each that counts: `inet pinhole`.
    ///   - daemon: the name of the daemon's process.
    /// - Returns: the last change of one of these tables; `nil` if there was none.
    /// - Throws: The error of `recvmsg`; that notifications were lost is none, but a change.
    package mutating func next(
        about tables: Set<String>,
        exceptMembersBy daemon: String
    ) throws(SystemError) -> Change? {
        var change: Change?
        var (isConcerned, areMembersConcerned) = (isConcerned, areMembersConcerned)
        defer { (self.isConcerned, self.areMembersConcerned) = (isConcerned, areMembersConcerned) }
        while true {
            do throws(SystemError) {
                try socket.takeNotifications("read what changed in nftables") { command, family, attributes in
                    if command == NFT_MSG_NEWGEN.rawValue {
                        // The end of a transaction.
                        let author = Self.author(in: attributes)
                        if isConcerned || areMembersConcerned && !author.hasPrefix("\(daemon),") {
                            change = Change(author: author)
                        }
                        (isConcerned, areMembersConcerned) = (false, false)
                    } else if let table = Self.table(family, attributes), tables.contains(table) {
                        if Self.commandsForMembers.contains(command) {
                            areMembersConcerned = true
                        } else {
                            isConcerned = true
                        }
                    }
                }
            } catch {
                switch error.code {
                case ETIMEDOUT: return change
                // More than the socket has room for, or one that is longer than the buffer: it may concern any table.
                case ENOBUFS, ENOSPC: change = Change(author: "")
                default: throw error
                }
            }
        }
    }

    private static func author(in attributes: borrowing Span<UInt8>) -> String {
        let all = 0..<attributes.count
        let name =
            attributes.attribute(NFTA_GEN_PROC_NAME.rawValue, in: all).map { range in
                let bytes = attributes.extracting(range)
                return String(decoding: bytes.indices.map { bytes[$0] }.prefix { $0 != 0 }, as: UTF8.self)
            } ?? ""
        let process = attributes.number(UInt32.self, NFTA_GEN_PROC_PID.rawValue, in: all) ?? 0
        return "\(name), process \(process)"
    }

    private static let commandsForMembers = [NFT_MSG_NEWSETELEM.rawValue, NFT_MSG_DELSETELEM.rawValue]

    /// The table that a notification is about; `nil` for families without our rules.
    private static func table(_ family: UInt8, _ attributes: borrowing Span<UInt8>) -> String? {
        guard let title = families[family],
            // The table's name is the first attribute of a table, chain, rule, set, element, object or flowtable.
            let range = attributes.attribute(NFTA_TABLE_NAME.rawValue, in: 0..<attributes.count)
        else { return nil }
        let bytes = attributes.extracting(range)
        let name = String(decoding: bytes.indices.map { bytes[$0] }.prefix { $0 != 0 }, as: UTF8.self)
        return "\(title) \(name)"
    }

    private static let families: [UInt8: String] = [
        UInt8(NFPROTO_INET): "inet", UInt8(NFPROTO_IPV4): "ip", UInt8(NFPROTO_IPV6): "ip6",
    ]
}
