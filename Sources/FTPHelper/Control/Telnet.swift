// SPDX-License-Identifier: GPL-2.0-or-later

/// Skips Telnet commands, which may precede a line (RFC 959, section 4.1.3; RFC 854).
enum Telnet {
    /// Returns the offset behind the Telnet commands at the beginning of a line.
    ///
    /// A command is `IAC x` or `IAC WILL...DONT x`. The result is `end` or greater if a command may be
    /// incomplete.
    static func end(ofCommandsIn line: Span<UInt8>, before end: Int) -> Int {
        var offset = 0
        while offset < end, line[offset] == 0xff {
            guard offset + 1 < end else { return end }
            offset += (0xfb...0xfe).contains(line[offset + 1]) ? 3 : 2
        }
        return offset
    }
}
