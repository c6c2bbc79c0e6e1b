// SPDX-License-Identifier: GPL-2.0-or-later

/// A line of the server that belongs to a reply.
///
/// Accepted (RFC 959, section 4.2): three digits, the first from 1 to 6 (6 is defined by RFC 2228), then the
/// end of the line, a blank, or a hyphen if more lines follow. Telnet commands in front of the code are
/// skipped. Refused, for example: `HTTP/1.1 200 OK`, `22 ready`, `2200 hello`.
package struct Reply: Hashable, Sendable {
    /// The reply code: 100 to 699.
    package let code: UInt16
    /// Set by the hyphen: the reply continues up to a line with the same code and no hyphen.
    package let isContinued: Bool
    /// Offset in the line of the text behind the blank or hyphen.
    let textStart: Int

    /// Parses a line including its end; `nil` if it does not start with a reply code.
    package init?(parsing line: Span<UInt8>) {
        let start = Telnet.end(ofCommandsIn: line, before: line.count)
        guard start + 3 < line.count, (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(line[start]),
            Decimal.isDigit(line[start + 1]), Decimal.isDigit(line[start + 2])
        else { return nil }
        code = (start..<start + 3).reduce(0) { $0 * 10 + UInt16(line[$1] - UInt8(ascii: "0")) }
        textStart = start + 4
        switch line[start + 3] {
        case UInt8(ascii: "-"): isContinued = true
        case UInt8(ascii: " "), UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: "\t"):
            isContinued = false
        default: return nil
        }
    }

    /// A reply with this code whose last line was never seen.
    init(code: UInt16) {
        self.code = code
        isContinued = false
        textStart = 0
    }

    /// Tells whether the reply is preliminary (1yz): another one will follow.
    package var isPreliminary: Bool { code < 200 }
    /// Tells whether the command succeeded (2yz).
    var isCompletion: Bool { (200..<300).contains(code) }
    /// Tells whether the command failed (4yz, 5yz).
    package var isError: Bool { code >= 400 && code < 600 }
    /// Tells whether the reply can end the running transfer, as opposed to answering a command sent meanwhile
    /// (contract S1).
    var endsTransfer: Bool {
        switch code {
        case 226, 250: true
        case 500...504, 530: false
        default: isError
        }
    }
}
