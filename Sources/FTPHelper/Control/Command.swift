/// A command line from the client.
///
/// Accepted (RFC 959, section 5.3, and what clients send besides):
/// - Telnet commands (`IAC x`, `IAC WILL..DONT x`, RFC 854) before the verb are skipped;
/// - the verb is the longest run of letters and digits, any case, at most 8 of them; `P@SW` is PASV, too;
/// - it ends with the line or with at least one blank or tab; all blanks before the argument are skipped;
/// - blanks, CR and LF at the end of the line are not part of the argument;
/// - `EPSV ALL` asks for no port (RFC 2428, section 4), so it counts as another command than `EPSV`.
///
/// Refused, for example: `GET / HTTP/1.1` (no FTP command), `PORT(10,1,0,2,19,137)` (no blank).
package struct Command: Hashable, Sendable {
    package let verb: Verb
    /// Offsets of the argument in the line; empty if there is none.
    package let argument: Range<Int>
    /// Tells whether the reply may have lines that the server did not write itself: the names of files that a `STAT` lists.
    let isQuoting: Bool

    /// Reads a line with its end; `nil` if it is no FTP command.
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

    /// Where the argument starts in a line that has not ended yet, and the verb; `nil` while either is not known.
    package static func start(ofPartial line: Span<UInt8>) -> (verb: Verb, argument: Int)? {
        guard let word = word(line, end: line.count), word.end < line.count, isBlank(line[word.end]),
            let verb = Verb.named(word.name)
        else { return nil }
        var start = word.end
        while start < line.count, isBlank(line[start]) { start += 1 }
        return start < line.count ? (verb, start) : nil
    }

    /// The command of a line that has not ended yet, as soon as its name has; `nil` before.
    static func verb(ofPartial line: Span<UInt8>) -> Verb? {
        guard let word = word(line, end: line.count) else {
            // Neither more letters than any command has nor anything else will become one.
            return Telnet.end(ofCommandsIn: line, before: line.count) < line.count ? .other : nil
        }
        return word.end < line.count ? Verb.named(word.name) ?? .other : nil
    }

    private static func isAll(_ argument: Span<UInt8>) -> Bool {
        argument.count == 3 && argument[0] & 0xdf == UInt8(ascii: "A")
            && argument[1] & 0xdf == UInt8(ascii: "L") && argument[2] & 0xdf == UInt8(ascii: "L")
    }

    /// The offset behind the last byte of a line that is neither a blank nor part of its end.
    static func end(of line: Span<UInt8>) -> Int {
        var end = line.count
        while end > 0, isBlank(line[end - 1]) || isLineEnd(line[end - 1]) { end -= 1 }
        return end
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    static func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") }

    /// The first word, packed eight bits a letter in upper case, and the offset of its end.
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
