/// What a line says of a transfer.
package enum TransferSign: Hashable, Sendable {
    /// SIZE: how long is the file at this place of the line?
    case asksSize(path: Range<Int>)
    /// So long is the file that was asked for last.
    case size(UInt64)
    /// REST: the next transfer leaves out so much of the file.
    case begins(at: UInt64)
    /// Something is to be transferred.
    case command(TransferCommand, path: Range<Int>, ordinal: UInt32)
    /// The server has begun with the oldest transfer that waits for its reply, and may have said how much that is.
    case opens(size: UInt64?)
    /// The final reply to the transfer of that ordinal.
    case ends(command: UInt32)

    /// The number of bytes that a preliminary reply names.
    ///
    /// Accepted, for example: `150 Opening BINARY mode data connection for x (300000 bytes).` The last parenthesis counts, for the file's name may have others.
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
