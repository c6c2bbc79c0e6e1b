/// What can be told of one transfer.
package struct TransferSummary: Hashable, Sendable {
    /// The control connection: the original tuple.
    package let master: Tuple
    /// The argument of the last USER, at most 64 bytes, unescaped.
    package let user: [UInt8]
    /// `nil` if a data connection came, and no command for it was seen.
    package let command: TransferCommand?
    /// The command's argument as the client said it, at most 255 bytes, unescaped: what it is relative to is not known.
    package let path: [UInt8]
    package let isASCII: Bool
    /// `nil` while, or if, none came.
    package let data: DataConnection?
    /// Bytes of the whole file, if anybody has said so.
    package let size: UInt64?
    /// Bytes of the file that it leaves out (REST).
    package let offset: UInt64
    /// What went over the data connection; `nil` if nobody has counted it.
    package internal(set) var bytes: TransferBytes?
    package let began: Instant
    /// `nil` while it is under way.
    package internal(set) var ended: Instant?
    /// The server's final reply, at most 120 bytes, unescaped; empty if there is none.
    package let reply: [UInt8]

    package init(
        master: Tuple,
        user: [UInt8],
        command: TransferCommand?,
        path: [UInt8],
        isASCII: Bool,
        data: DataConnection?,
        size: UInt64?,
        offset: UInt64,
        bytes: TransferBytes?,
        began: Instant,
        ended: Instant?,
        reply: [UInt8]
    ) {
        self.master = master
        self.user = user
        self.command = command
        self.path = path
        self.isASCII = isASCII
        self.data = data
        self.size = size
        self.offset = offset
        self.bytes = bytes
        self.began = began
        self.ended = ended
        self.reply = reply
    }

    /// Tells whether the server has said that all went well.
    package var isComplete: Bool { reply.first == UInt8(ascii: "2") }

    /// Bytes of data in the direction of the command; of both where no command is known.
    package var moved: UInt64? {
        guard let bytes else { return nil }
        return switch command?.isUpload {
        case true?: bytes.up
        case false?: bytes.down
        case nil: bytes.up &+ bytes.down
        }
    }

    /// How much of the file is there, from 0 to 1; `nil` where its size is not known.
    package var progress: Double? {
        guard let size, let moved else { return nil }
        return size == 0 ? 1 : min(1, (Double(moved) + Double(offset)) / Double(size))
    }
}
