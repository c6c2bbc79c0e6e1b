/// A line from the server as part of a reply.
///
/// Accepted (RFC 959, section 4.2): three digits, the first 1 to 6 (6 is RFC 2228's), then the end of the line, a blank, or a
/// hyphen where more lines follow; Telnet commands in front of them are skipped. Refused, for example: `HTTP/1.1 200 OK`,
/// `22 ready`, `2200 hello`.
package struct Reply: Hashable, Sendable {
    package let code: UInt16
    /// Set by the hyphen: the reply goes on until a line with the same code and none.
    package let isContinued: Bool
    /// Offset in the line of what stands behind the blank or hyphen.
    let textStart: Int

    /// Reads a line with its end; `nil` if it does not start a reply.
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

    /// A reply of that code, of which the last line was never seen.
    init(code: UInt16) {
        self.code = code
        isContinued = false
        textStart = 0
    }

    /// Tells whether the command is still being worked on and another reply will come (1yz).
    package var isPreliminary: Bool { code < 200 }
    /// Tells whether the command succeeded (2yz).
    var isCompletion: Bool { (200..<300).contains(code) }
    /// Tells whether the command failed (4yz, 5yz).
    package var isError: Bool { code >= 400 && code < 600 }
    /// Tells whether a transfer that runs can have ended with it, and not a command that was sent meanwhile (contract S1).
    var endsTransfer: Bool {
        switch code {
        case 226, 250: true
        case 500...504, 530: false
        default: isError
        }
    }
}
