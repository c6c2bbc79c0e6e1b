// SPDX-License-Identifier: GPL-2.0-or-later

/// The transfer of a connection: in preparation, under way, or over except for its last bytes.
///
/// A connection has at most one, and most have none. If a client sends the next transfer command before the
/// reply to the last one, that command is not followed; only its data connection is reported.
final class Transfer {
    /// Maximum number of bytes kept of a path.
    static let maximumPathSize = 255
    /// Maximum number of bytes kept of a reply.
    static let maximumReplySize = 120
    /// Seconds between queries to conntrack during the transfer.
    ///
    /// Its entries live for at least 120 s.
    static let lookSeconds: UInt32 = 60
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

    /// Summarises the transfer; `ended` is `nil` while it is under way.
    func summary(of connection: Connection, ended: Instant?) -> TransferSummary {
        TransferSummary(
            master: connection.mapping.original,
            user: connection.session.user,
            command: command,
            path: command == nil ? [] : path,
            isASCII: isASCII,
            data: data,
            size: command == nil ? nil : size,
            offset: offset,
            bytes: bytes,
            began: began,
            ended: ended,
            reply: reply
        )
    }
}
