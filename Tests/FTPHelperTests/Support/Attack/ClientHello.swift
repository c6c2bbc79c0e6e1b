// SPDX-License-Identifier: GPL-2.0-or-later

/// The first record of a TLS connection, with a session ticket that the server has chosen in an earlier one.
enum ClientHello {
    /// - Parameter ticket: what is in it; the head around it is no more than what tells the record.
    /// - Returns: the record.
    static func bytes(quoting ticket: [UInt8]) -> [UInt8] {
        let body = [1, 0, 0, UInt8(truncatingIfNeeded: ticket.count)] + ticket
        return [
            0x16, 3, 1, UInt8(truncatingIfNeeded: body.count >> 8), UInt8(truncatingIfNeeded: body.count),
        ] + body
    }
}
