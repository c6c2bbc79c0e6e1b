// SPDX-License-Identifier: GPL-2.0-or-later

/// The transfer of a connection: in preparation, under way, or over except for its last bytes.
///
/// A connection has at most one, and most have none. If a client sends the next transfer command before the
/// reply to the last one, that command is not followed; only its data connection is reported.
struct Transfer {
    /// Maximum number of bytes kept of a path.
    static let maximumPathSize = 255
    /// Maximum number of bytes kept of a reply.
    static let maximumReplySize = 120
    /// Seconds between queries to conntrack during the transfer.
    ///
    /// Its entries live for at least 120 s.
    static let lookSeconds: UInt32 = 60
    /// Seconds after the SYN of the data connection until the first query: an answer has come by then, and two
    /// retransmitted SYNs (RFC 6298).
    static let answerSeconds: UInt32 = 4
    /// Seconds for which conntrack keeps the entry of a connection that was reset
    /// (`nf_conntrack_tcp_timeout_close`): if there is none earlier, the SYN itself was answered with an RST.
    static let closeSeconds: UInt32 = 10
    /// Seconds between queries after the final reply, and seconds without progress after which the transfer
    /// counts as ended.
    static let lastLookSeconds: UInt32 = 1
    static let stallSeconds: UInt32 = 10

    var command: TransferCommand?
    /// Ordinal of the command.
    var ordinal: UInt32 = 0
    /// The path in the command; before the command, the path in SIZE.
    var path: [UInt8] = []
    var isASCII = false
    var size: UInt64?
    var offset: UInt64 = 0
    var data: DataConnection?
    /// How its SYN was answered, as soon as that is known.
    var answer: DataAnswer?
    var bytes: TransferBytes?
    var reply: [UInt8] = []
    var began: Instant
    /// When the final reply arrived.
    var replied: Instant?
    /// When `bytes` last changed.
    var moved: Instant
    /// When conntrack is asked next; `nil` if there is nothing to learn.
    var due: Instant?

    init(at now: Instant) {
        began = now
        moved = now
    }

    /// Tells whether a command or a data connection was seen.
    var isUnderWay: Bool { command != nil || data != nil }

    /// Begins the transfer with its command.
    ///
    /// If the data connection has arrived before the command, the transfer has begun with that.
    mutating func begin(
        _ command: TransferCommand,
        _ ordinal: UInt32,
        path: [UInt8],
        isASCII: Bool,
        at now: Instant
    ) {
        if !command.isOfFile || path != self.path { size = nil }
        if data == nil { began = now }
        self.command = command
        self.ordinal = ordinal
        self.path = path
        self.isASCII = isASCII
    }

    /// Records the final reply.
    mutating func end(_ reply: [UInt8], at now: Instant) {
        self.reply = reply
        replied = now
        moved = now
    }

    /// Records the bytes that conntrack has counted, `nil` if they are not known, and schedules the next
    /// query.
    ///
    /// - Parameters:
    ///   - count: the bytes.
    ///   - isOver: whether no more can arrive.
    ///   - interval: seconds until the next query, while the final reply is missing.
    ///   - now: the time.
    /// - Returns: the moment at which the transfer ended; `nil` while it is under way.
    mutating func measured(
        _ count: TransferBytes?,
        isOver: Bool,
        interval: UInt32,
        at now: Instant
    ) -> Instant? {
        if let count, count != bytes {
            bytes = count
            moved = now
        }
        guard replied != nil else {
            // If no more data can arrive, only the final reply is missing.
            due = isOver ? nil : now.advanced(bySeconds: interval)
            return nil
        }
        let isStalled = moved.advanced(bySeconds: Transfer.stallSeconds) <= now
        guard isOver || isStalled || count == nil else {
            due = now.advanced(bySeconds: Transfer.lastLookSeconds)
            return nil
        }
        return isStalled ? moved : now
    }

    /// Summarises the transfer; `ended` is `nil` while it is under way.
    func summary(of connection: borrowing Connection, ended: Instant?) -> TransferSummary {
        TransferSummary(
            master: connection.mapping.original,
            user: connection.session.user,
            command: command,
            path: command == nil ? [] : path,
            isASCII: isASCII,
            data: data,
            answer: answer,
            size: command == nil ? nil : size,
            offset: offset,
            bytes: bytes,
            began: began,
            ended: ended,
            reply: reply
        )
    }
}
