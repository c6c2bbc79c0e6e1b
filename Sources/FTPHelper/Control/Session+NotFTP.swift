// SPDX-License-Identifier: GPL-2.0-or-later

/// Connections that are not FTP (contract S3).
extension Session {
    /// Refuses the connection if the server has sent more than any greeting has, without a reply (contract
    /// S3).
    mutating func refuseGreeting() -> Outcome { serverHasSpoken ? .passes : becomeNotFTP() }

    /// Refuses the connection because the client's stream does not begin where the handshake said (contract
    /// S3a).
    mutating func refuseBeginning() -> Outcome { isBeforeLogin ? becomeNotFTP() : .passes }

    /// Marks the connection as not FTP for good; refuses it the first time.
    mutating func becomeNotFTP() -> Outcome {
        guard phase != .notFTP else { return .passes }
        phase = .notFTP
        return .refused(.notFTP, nil)
    }

    /// Tells whether the client has not shown yet that it means FTP.
    ///
    /// A script on a web page can make a browser send almost anything, even requests whose method is an FTP
    /// verb.
    var isBeforeLogin: Bool { phase == .greeting || phase == .login || phase == .loginUnknown }

    /// Whether the client's next bytes are its first ones.
    var isAtBeginning: Bool { !clientHasSpoken && phase != .loginUnknown }

    /// Tells whether a line is an HTTP request line: it ends in ` HTTP/` and a version.
    static func isRequest(_ line: Span<UInt8>) -> Bool {
        var end = Command.end(of: line)
        while end > 0, Decimal.isDigit(line[end - 1]) || line[end - 1] == UInt8(ascii: ".") { end -= 1 }
        let name: [6 of UInt8] = [0x20, 0x48, 0x54, 0x54, 0x50, 0x2f]  // " HTTP/"
        guard end >= name.count else { return false }
        return (0..<name.count).allSatisfy { line[end - name.count + $0] == name[$0] }
    }

    /// Tells whether a line is a header field of HTTP or mail: a name and a colon.
    static func isHeader(_ line: Span<UInt8>) -> Bool {
        var offset = 0
        while offset < line.count, line[offset] > 0x20, line[offset] < 0x7f, line[offset] != UInt8(ascii: ":")
        {
            offset += 1
        }
        return offset > 0 && offset < line.count && line[offset] == UInt8(ascii: ":")
    }
}
