// SPDX-License-Identifier: GPL-2.0-or-later

/// A summary of a transfer, for listings and events.
package struct TransferSummary: Hashable, Sendable {
    /// The original tuple of the control connection.
    package let master: Tuple
    /// The argument of the last USER, at most 64 bytes, unescaped.
    package let user: [UInt8]
    /// `nil` if no command was seen for the data connection.
    package let command: TransferCommand?
    /// The path in the command, at most 255 bytes, unescaped; absolute if its directory is known.
    ///
    /// For a listing without a path, it is the working directory.
    package let path: [UInt8]
    /// Set if line ends are converted (TYPE A): then bytes and size may differ.
    package let isASCII: Bool
    /// `nil` if no data connection has arrived.
    package let data: DataConnection?
    /// How its SYN was answered; `nil` if that is not known yet, or never became known.
    package internal(set) var answer: DataAnswer?
    /// Size of the whole file in bytes, if known.
    package let size: UInt64?
    /// Bytes at the beginning of the file that are skipped (REST).
    package let offset: UInt64
    /// Bytes transferred over the data connection; `nil` if they were not counted.
    package internal(set) var bytes: TransferBytes?
    /// When its command or its data connection was first seen.
    package let began: Instant
    /// `nil` while the transfer is under way.
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
        answer: DataAnswer? = nil,
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
        self.answer = answer
        self.size = size
        self.offset = offset
        self.bytes = bytes
        self.began = began
        self.ended = ended
        self.reply = reply
    }

    /// Tells whether the server reported success (2yz).
    package var isComplete: Bool { reply.first == UInt8(ascii: "2") }

    /// Tells whether the server reported failure (4yz, 5yz).
    var hasFailed: Bool { reply.first == UInt8(ascii: "4") || reply.first == UInt8(ascii: "5") }

    /// Bytes transferred in the direction of the command, or in both directions if no command is known.
    package var moved: UInt64? {
        guard let bytes else { return nil }
        return switch command?.isUpload {
        case true?: bytes.up
        case false?: bytes.down
        case nil: bytes.up &+ bytes.down
        }
    }

    /// The transferred part of the file, from 0 to 1; `nil` if its size is not known.
    package var progress: Double? {
        guard let size, let moved else { return nil }
        return size == 0 ? 1 : min(1, (Double(moved) + Double(offset)) / Double(size))
    }
}
