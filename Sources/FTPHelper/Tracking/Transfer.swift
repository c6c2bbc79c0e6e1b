/// The transfer of a connection: being prepared, under way, or over but for its last bytes.
///
/// A connection has one at the most, and most have none. A client that sends the next command before the reply to the last is
/// not followed there: of that transfer only the data connection is told.
final class Transfer {
    /// Bytes of a path that are kept.
    static let maximumPathSize = 255
    /// Bytes of a reply that are kept.
    static let maximumReplySize = 120
    /// Seconds after which conntrack is asked while it is under way: its entries last for 120 s and more.
    static let lookSeconds: UInt32 = 60
    /// The same once the server has said its last word, and the seconds for which nothing may come then.
    static let lastLookSeconds: UInt32 = 1
    static let stallSeconds: UInt32 = 10

    var command: TransferCommand?
    /// Which command of the session it is.
    var ordinal: UInt32 = 0
    /// What the command names; before there is one, what SIZE has asked for.
    var path: [UInt8] = []
    var isASCII = false
    var size: UInt64?
    var offset: UInt64 = 0
    var data: DataConnection?
    var bytes: TransferBytes?
    var reply: [UInt8] = []
    var began: Instant
    /// When the final reply came.
    var replied: Instant?
    /// When `bytes` last became more.
    var moved: Instant
    /// When conntrack is next to be asked; `nil` if there is nothing to learn from it.
    var due: Instant?

    init(at now: Instant) {
        began = now
        moved = now
    }

    /// Whether there is anything to tell of it.
    var isUnderWay: Bool { command != nil || data != nil }

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
