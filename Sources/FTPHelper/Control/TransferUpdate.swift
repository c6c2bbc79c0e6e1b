// SPDX-License-Identifier: GPL-2.0-or-later

/// What a line tells about a transfer.
package enum TransferUpdate: Hashable, Sendable {
    /// SIZE: the client asks for the size of the file named at these offsets of the line.
    case asksSize(path: Range<Int>)
    /// The reply to SIZE: the size in bytes of the file asked for last.
    case size(UInt64)
    /// REST: the next transfer skips this many bytes of the file.
    case begins(at: UInt64)
    /// A transfer command, with the offsets of its path in the line.
    case command(TransferCommand, path: Range<Int>, ordinal: UInt32)
    /// A preliminary reply: the server has begun the oldest transfer that waits for its reply, and may have
    /// told the size in bytes.
    case opens(size: UInt64?)
    /// The final reply to the transfer command with this ordinal.
    case ends(command: UInt32)

    /// The number of bytes that a preliminary reply announces.
    ///
    /// Accepted, for example: `150 Opening BINARY mode data connection for x (300000 bytes).` The last
    /// parenthesis counts, because the name of the file may contain others.
    static func size(inPreliminaryReply line: Span<UInt8>) -> UInt64? {
        let unit: [6 of UInt8] = [0x20, 0x62, 0x79, 0x74, 0x65, 0x73]  // " bytes"
        var start = line.count
        while start > 0, line[start - 1] != UInt8(ascii: "(") { start -= 1 }
        var offset = start
        guard start > 0, let size = Decimal.parse(line, at: &offset), offset + unit.count <= line.count,
            (0..<unit.count).allSatisfy({ line[offset + $0] == unit[$0] })
        else { return nil }
        return size
    }
}
