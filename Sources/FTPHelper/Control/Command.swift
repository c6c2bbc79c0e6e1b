// SPDX-License-Identifier: GPL-2.0-or-later

/// A command line from the client.
///
/// Accepted (RFC 959, section 5.3, and what clients send in practice):
/// - Telnet commands (`IAC x`, `IAC WILL..DONT x`, RFC 854) in front of the verb are skipped;
/// - the verb is the longest run of letters and digits in any case, at most 8 of them; `P@SW` counts as PASV;
/// - the verb ends at the end of the line or at a blank or tab; further blanks in front of the argument are
///   skipped;
/// - blanks, CR and LF at the end of the line are not part of the argument;
/// - `EPSV ALL` does not ask for a port (RFC 2428, section 4), so it does not count as EPSV.
///
/// Refused, for example: `GET / HTTP/1.1` (not an FTP command), `PORT(10,1,0,2,19,137)` (no blank).
package struct Command: Hashable, Sendable {
    /// The command; `other` for those that have no meaning here.
    package let verb: Verb
    /// Offsets of the argument in the line; empty if there is none.
    package let argument: Range<Int>
    /// Whether the reply to the command is quoting (`Verb.quoting`).
    let isQuoting: Bool

    /// Parses a line including its end; `nil` if it is not an FTP command.
    package init?(parsing line: Span<UInt8>) {
        let end = Command.end(of: line)
        guard let word = Command.word(line, end: end), let verb = Verb.named(word.name) else { return nil }
        var start = word.end
        while start < end, Command.isBlank(line[start]) { start += 1 }
        guard start == end || start > word.end else { return nil }
        argument = start..<end
        isQuoting = !argument.isEmpty && Verb.quoting.contains(word.name)
        self.verb = verb == .epsv && Command.isAll(line.extracting(argument)) ? .other : verb
    }

    /// Returns the verb of an unfinished line and the offset of its argument; `nil` while either is unknown.
    package static func start(ofPartial line: Span<UInt8>) -> (verb: Verb, argument: Int)? {
        guard let word = word(line, end: line.count), word.end < line.count, isBlank(line[word.end]),
            let verb = Verb.named(word.name)
        else { return nil }
        var start = word.end
        while start < line.count, isBlank(line[start]) { start += 1 }
        return start < line.count ? (verb, start) : nil
    }

    /// Returns the verb of an unfinished line, or `nil` while the verb is incomplete.
    static func verb(ofPartial line: Span<UInt8>) -> Verb? {
        guard let word = word(line, end: line.count) else {
            // A longer word or any other byte does not become a command later.
            return Telnet.end(ofCommandsIn: line, before: line.count) < line.count ? .other : nil
        }
        return word.end < line.count ? Verb.named(word.name) ?? .other : nil
    }

    private static func isAll(_ argument: Span<UInt8>) -> Bool {
        argument.count == 3 && argument[0] & 0xdf == UInt8(ascii: "A")
            && argument[1] & 0xdf == UInt8(ascii: "L") && argument[2] & 0xdf == UInt8(ascii: "L")
    }

    /// The end of a line without trailing blanks and line ends.
    static func end(of line: Span<UInt8>) -> Int {
        var end = line.count
        while end > 0, isBlank(line[end - 1]) || isLineEnd(line[end - 1]) { end -= 1 }
        return end
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    static func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") }

    /// The first word in upper case, packed as eight bits per letter, and the offset of its end.
    private static func word(_ line: Span<UInt8>, end: Int) -> (name: UInt64, end: Int)? {
        let start = Telnet.end(ofCommandsIn: line, before: end)
        var name: UInt64 = 0
        var offset = start
        while offset < end {
            switch line[offset] {
            case UInt8(ascii: "@")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                name = name << 8 | UInt64(line[offset])
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                name = name << 8 | UInt64(line[offset] - 0x20)
            default:
                return offset > start ? (name, offset) : nil
            }
            offset += 1
            guard offset - start <= 8 else { return nil }
        }
        return offset > start ? (name, offset) : nil
    }
}
