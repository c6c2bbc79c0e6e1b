/// Telnet commands, which may stand in front of a line (RFC 959, section 4.1.3; RFC 854).
enum Telnet {
    /// The offset behind the commands that a line begins with: `IAC x`, or `IAC WILL...DONT x`; `end` or more while they may
    /// go on.
    static func end(ofCommandsIn line: Span<UInt8>, before end: Int) -> Int {
        var offset = 0
        while offset < end, line[offset] == 0xff {
            guard offset + 1 < end else { return end }
            offset += (0xfb...0xfe).contains(line[offset + 1]) ? 3 : 2
        }
        return offset
    }
}
