// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
package import FTPHelper
import Glibc
package import Linux

/// The kernel's connection tracking table, through ctnetlink; each request is complete when its method returns.
package struct Conntrack: ~Copyable {
    /// The change from the control connection's mark to that of its data connections; `nil` for none.
    package var dataMark: ConnectionMark?
    /// The mark of control connections that bypass the queue, whose bits data connections do not inherit; `nil` for none.
    package var bypassMark: ConnectionMark?
    /// The zones other than 0 in which a connection was seen.
    var zones: [UInt16] = []
    var socket: NetlinkSocket
    /// The socket of searches, so that `socket` stays free for other requests meanwhile.
    var searcher: NetlinkSocket
    /// Whether a search for zones is going on.
    package internal(set) var isSearching = false
    /// The file of `nf_conntrack_tcp_timeout_established`; `nil` if it could not be opened.
    private let timeoutFile: TextFile?

    /// Seconds after which an established connection without packets expires; without /proc, the kernel's default.
    package var establishedTimeout: UInt32 {
        let text = try? timeoutFile?.text(upTo: 16)
        return text.flatMap { UInt32($0.prefix { $0.isNumber }) } ?? Tracker.aliveSeconds
    }

    /// Opens the table of the calling thread's network namespace.
    ///
    /// - Throws: `EPERM` without `CAP_NET_ADMIN`, `EPROTONOSUPPORT` if the kernel has no ctnetlink.
    package static func open() throws(SystemError) -> Conntrack {
        var socket = try NetlinkSocket.open(Int32(NFNL_SUBSYS_CTNETLINK))
        try socket.probe("use ctnetlink", command: IPCTNL_MSG_CT_GET_STATS.rawValue) { _ in }
        return Conntrack(
            dataMark: nil,
            bypassMark: nil,
            socket: socket,
            searcher: try NetlinkSocket.open(Int32(NFNL_SUBSYS_CTNETLINK), waits: false),
            timeoutFile: try? TextFile.open(
                "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established"
            )
        )
    }

    /// Returns the entry whose original or reply tuple, zone included, is `tuple`; `nil` if there is none
    /// (`IPCTNL_MSG_CT_GET`).
    ///
    /// - Throws: `EBADMSG` if the answer cannot be understood, or the error with which the kernel answers.
    package mutating func entry(for tuple: Tuple) throws(SystemError) -> ConntrackEntry? {
        let operation = "look up a conntrack entry"
        let attributes: [UInt8]
        do {
            attributes = try socket.ask(
                operation,
                command: IPCTNL_MSG_CT_GET.rawValue,
                family: tuple.family
            ) { $0.put(connection: tuple) }
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
        guard let entry = ConntrackEntry(parsing: attributes.span) else {
            throw SystemError(operation, code: EBADMSG)
        }
        note(entry.mapping)
        return entry
    }

    /// Turns off conntrack's sequence number checks for one connection, in both directions (`IP_CT_TCP_FLAG_BE_LIBERAL`).
    ///
    /// After an edit that changes the length of a line, the two ends count differently. Conntrack would classify the
    /// acknowledgements of one end as INVALID, and NAT would not translate them.
    ///
    /// Conntrack never sees the last byte of the edited line acknowledged either. After each packet it therefore sets the
    /// connection's timeout to `nf_conntrack_tcp_timeout_unacknowledged`, 300 s, and a control connection is silent for
    /// longer than that during a long transfer. So this sets the timeout of an established connection too, and must be
    /// called again when the connection falls silent.
    ///
    /// - Throws: `ENOENT` if the connection no longer exists.
    package mutating func beLiberal(_ mapping: Mapping) throws(SystemError) {
        let timeout = establishedTimeout
        try change("relax the sequence check of a control connection", mapping.original) {
            $0.putLiberal(mapping.original, timeout: timeout)
        }
    }

    /// Sets the timeout of a silent control connection to that of an established one, while a data connection of it is open.
    ///
    /// Conntrack does not do so itself: the kernel relates a data connection to its master, and lets the master time out. If
    /// there is no entry, nothing happens.
    package mutating func keepAlive(_ mapping: Mapping) throws(SystemError) {
        let timeout = establishedTimeout
        do {
            try change("keep a control connection", mapping.original) {
                $0.put(connection: mapping.original)
                $0.put(CTA_TIMEOUT.rawValue, timeout)
            }
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Changes an existing entry (`IPCTNL_MSG_CT_NEW`); `ENOENT` if there is none.
    mutating func change(
        _ operation: String,
        _ original: Tuple,
        _ attributes: (inout NetlinkWriter) -> Void
    ) throws(SystemError) {
        try socket.request(
            operation,
            command: IPCTNL_MSG_CT_NEW.rawValue,
            family: original.family,
            attributes
        )
    }

    /// Creates the entry of a data connection whose SYN is queued before conntrack sees it.
    ///
    /// The control connection becomes the entry's master, so the released SYN is RELATED and is translated as set up here.
    /// Mark and zone are the master's, as for a connection that a kernel helper expected. A SYN in another zone does not
    /// match the entry and is NEW. A finished entry with the same addresses and ports is deleted first.
    ///
    /// - Throws: `ENOENT` if the control connection no longer exists, `ENOTCONN` if it belongs to an encrypted session that
    ///   an end has closed, `EEXIST` if another connection has the addresses and ports.
    package mutating func establish(_ connection: ExpectedConnection) throws(SystemError) {
        guard let master = try entry(for: connection.expectation.master) else {
            throw SystemError("look up the control connection", code: ENOENT)
        }
        guard connection.expectation.kind != .ftps || master.isEstablished else {
            throw SystemError("look up the encrypted session", code: ENOTCONN)
        }
        do {
            try create(connection, master)
        } catch {
            guard error.code == EEXIST, let conflict = try conflict(to: connection, under: master),
                conflict.isSpent
            else {
                throw error
            }
            try delete(conflict.mapping.original, id: conflict.id)
            try create(connection, master)
        }
    }

    /// Deletes the entry with a tuple, if there is one (`IPCTNL_MSG_CT_DELETE`).
    ///
    /// With `id`, it deletes only the entry with that id, and not one that has replaced it.
    ///
    /// - Throws: The error with which the kernel answers; `EPERM` without `CAP_NET_ADMIN`.
    package mutating func delete(_ tuple: Tuple, id: UInt32? = nil) throws(SystemError) {
        do {
            try socket.request(
                "delete a conntrack entry",
                command: IPCTNL_MSG_CT_DELETE.rawValue,
                family: tuple.family
            ) {
                $0.put(connection: tuple)
                if let id { $0.put(CTA_ID.rawValue, id) }
            }
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Creates the entry (`IPCTNL_MSG_CT_NEW`); `EEXIST` if another entry has one of its tuples.
    private mutating func create(
        _ connection: ExpectedConnection,
        _ master: ConntrackEntry
    ) throws(SystemError) {
        let mark = mark(ofDataUnder: master)
        try socket.request(
            "create the conntrack entry",
            command: IPCTNL_MSG_CT_NEW.rawValue,
            flags: NLM_F_CREATE | NLM_F_EXCL,
            family: connection.original.family
        ) { $0.put(connection, under: master, mark: mark) }
    }

    /// The mark of the connection with a tuple, as its packets have it if the rules restore it; 0 if there is no such connection.
    package mutating func mark(of tuple: Tuple) throws(SystemError) -> UInt32 {
        try entry(for: tuple).map { $0.mark & ~(bypassMark?.mask ?? 0) } ?? 0
    }

    /// The mark of the data connections of a control connection.
    private func mark(ofDataUnder master: ConntrackEntry) -> UInt32 {
        let mark = master.mark & ~(bypassMark?.mask ?? 0)
        return dataMark?.applied(to: mark) ?? mark
    }

    /// Returns the entry that has one of the data connection's tuples.
    private mutating func conflict(
        to connection: ExpectedConnection,
        under master: ConntrackEntry
    ) throws(SystemError) -> ConntrackEntry? {
        if let entry = try entry(for: connection.original) { return entry }
        var reply = connection.original.inverted
        reply.zone = master.mapping.reply.zone
        return try entry(for: reply)
    }
}

extension ConntrackEntry {
    /// Whether the entry can be deleted in favour of a new SYN with its tuple: at least one end has closed the connection, or
    /// it was expected and never answered.
    fileprivate var isSpent: Bool {
        isClosing || master != nil && !hasSeenReply
    }
}

extension Tuple {
    /// `AF_INET` or `AF_INET6`; ctnetlink takes one family for all addresses of a request.
    var family: Int32 { source.address.family }
}
