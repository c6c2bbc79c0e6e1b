import CNetfilter
package import FTPHelper
import Glibc
package import Linux

/// Requests to conntrack, each done when its method returns (ctnetlink).
package struct Conntrack: ~Copyable {
    /// What data connections have on top of the master's mark.
    package var dataMark: ConnectionMark?
    /// What the mark of a released control connection has; data connections have none of its bits.
    package var releaseMark: ConnectionMark?
    /// The zones besides 0 in which a connection was ever seen.
    var zones: [UInt16] = []
    var socket: NetlinkSocket
    /// Has what comes of a search, while `socket` is asked for other things.
    var searcher: NetlinkSocket
    /// Set while a search for zones has not come to its end.
    package internal(set) var isSearching = false
    /// Seconds that an established connection may be silent (`nf_conntrack_tcp_timeout_established`).
    private let establishedTimeout: UInt32

    /// Opens conntrack of the calling thread's network namespace.
    ///
    /// - Throws: `EPERM` without `CAP_NET_ADMIN`, `EPROTONOSUPPORT` if the kernel has no ctnetlink.
    package static func open() throws(SystemError) -> Conntrack {
        var socket = try NetlinkSocket.open(Int32(NFNL_SUBSYS_CTNETLINK))
        try socket.probe("use ctnetlink", command: IPCTNL_MSG_CT_GET_STATS.rawValue) { _ in }
        // Unreadable only where there is no /proc; then the kernel's own default will do.
        let text = try? TextFile.read("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established")
        let seconds = text.flatMap { UInt32($0.prefix { $0.isNumber }) }
        return Conntrack(
            dataMark: nil,
            releaseMark: nil,
            socket: socket,
            searcher: try NetlinkSocket.open(Int32(NFNL_SUBSYS_CTNETLINK), waits: false),
            establishedTimeout: seconds ?? 432_000
        )
    }

    /// What conntrack has of the connection with that tuple in that zone, which may be its original or its reply one.
    ///
    /// `nil` if there is none. The request is `IPCTNL_MSG_CT_GET`.
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

    /// Lets conntrack accept whatever sequence numbers the connection has (`IP_CT_TCP_FLAG_BE_LIBERAL`).
    ///
    /// An edit that changes the length of a line makes the numbers of both ends differ, and conntrack would call the
    /// one's acknowledgements INVALID and leave them untranslated. It is set for both directions of this connection
    /// only.
    ///
    /// Nor does conntrack ever see the edited line acknowledged to the byte, and after each packet it gives such a
    /// connection only `nf_conntrack_tcp_timeout_unacknowledged`, 300 s: less than a long transfer takes, during which
    /// the control connection is silent. So the entry gets here what an established one has; to be repeated
    /// when the connection falls silent. `ENOENT` if it is gone.
    package mutating func beLiberal(_ mapping: Mapping) throws(SystemError) {
        let timeout = establishedTimeout
        try change("relax the sequence check of a control connection", mapping.original) {
            $0.putLiberal(mapping.original, timeout: timeout)
        }
    }

    /// Changes what there is of a connection with `IPCTNL_MSG_CT_NEW`; `ENOENT` if there is nothing.
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

    /// Makes the entry of a data connection whose SYN waits in front of conntrack.
    ///
    /// The entry has the control connection as its master, and so the SYN, when it is released, is RELATED and gets
    /// the translation that is set up here; the mark is the master's, as for a connection that a kernel helper expected, and
    /// so is the zone. A SYN in another zone does not find the entry, and is NEW. What is left of an earlier connection
    /// with the same addresses and ports is removed.
    ///
    /// - Throws: `ENOENT` if the control connection is gone, `ENOTCONN` if it is that of an encrypted session and an end has
    ///   closed it, `EEXIST` if another connection is in the way.
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

    /// Removes the entry of the connection with that tuple; none is not an error (`IPCTNL_MSG_CT_DELETE`).
    ///
    /// With `id`, only that very entry and none that has taken its place.
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

    /// Makes the entry with `IPCTNL_MSG_CT_NEW`; `EEXIST` if one of its tuples is another entry's.
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

    /// The mark of a data connection whose control connection has this entry.
    private func mark(ofDataUnder master: ConntrackEntry) -> UInt32 {
        let mark = master.mark & ~(releaseMark?.mask ?? 0)
        return dataMark?.applied(to: mark) ?? mark
    }

    /// The entry that has one of the tuples that the data connection needs.
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
    /// Tells whether nobody needs the entry any more, now that a SYN with its tuple has come.
    ///
    /// That is a connection that at least one end has closed, or an expected one that nobody answered.
    fileprivate var isSpent: Bool {
        isClosing || master != nil && !hasSeenReply
    }
}

extension Tuple {
    /// `AF_INET` or `AF_INET6`, which ctnetlink takes all addresses of a request to be of.
    var family: Int32 { source.address.family }
}
