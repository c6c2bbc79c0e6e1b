import CInih
import Glibc

/// The entries of an INI file, parsed with inih.
package struct INIFile: Sendable {
    /// One `name = value`.
    package struct Entry: Hashable, Sendable {
        /// The line number, counted from 1.
        package let line: Int
        /// The section's name; empty before the first section.
        package let section: String
        package let name: String
        package let value: String
    }

    /// The entries in the order of their lines.
    package private(set) var entries: [Entry] = []
    /// The first line that is too long, or is neither a section, an entry, a comment nor empty; `nil` if there is none.
    package private(set) var brokenLine: Int?

    /// The largest length of a line in bytes (`INI_MAX_LINE` without the bytes that inih itself needs).
    package static let maximumLine = 197
    /// The largest length of a section's name in bytes; inih cuts off longer names.
    package static let maximumSection = 48

    /// Parses the text of a file.
    package init(parsing text: String) {
        let reading = Reading(text)
        let address = unsafe Unmanaged.passUnretained(reading).toOpaque()
        // Sound: `reading` lives until the call returns, and inih passes its address to these two functions only.
        let result = withExtendedLifetime(reading) {
            unsafe ini_parse_stream(
                { unsafe Reading.at($2)?.readLine(into: $0, capacity: $1) },
                address,
                { unsafe Reading.at($0)?.take($1, $2, $3) ?? 0 },
                address
            )
        }
        entries = reading.entries
        brokenLine = reading.longLine ?? (result > 0 ? Int(result) : nil)
    }

    /// The state of parsing: the rest of the text, and the entries found so far.
    private final class Reading {
        private var rest: Substring.UTF8View
        private var line = 0
        var entries: [Entry] = []
        var longLine: Int?

        init(_ text: String) { rest = Substring(text).utf8 }

        static func at(_ address: UnsafeMutableRawPointer?) -> Reading? {
            // Sound: the address is the one from `init(parsing:)`, of an object that is alive.
            unsafe address.map { unsafe Unmanaged<Reading>.fromOpaque($0).takeUnretainedValue() }
        }

        /// Copies the next line into `room`, as fgets(3) does; returns `nil` at the end of the text.
        func readLine(into room: UnsafeMutablePointer<CChar>?, capacity: Int32) -> UnsafeMutablePointer<
            CChar
        >? {
            guard let room = unsafe room, !rest.isEmpty else { return nil }
            line += 1
            let whole = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(whole.count + 1)
            if whole.count > INIFile.maximumLine { longLine = longLine ?? line }
            // Sound: `room` has `capacity` bytes. If the line contains a NUL, inih takes it for the end of the line.
            let bytes = whole.prefix(min(INIFile.maximumLine, Int(capacity) - 2)).map {
                CChar(bitPattern: $0)
            }
            for (index, byte) in bytes.enumerated() { unsafe room[index] = byte }
            unsafe room[bytes.count] = 0
            return unsafe room
        }

        func take(
            _ section: UnsafePointer<CChar>?,
            _ name: UnsafePointer<CChar>?,
            _ value: UnsafePointer<CChar>?
        ) -> Int32 {
            // Sound: inih passes NUL-terminated texts, which are valid during the call.
            guard let section = unsafe section, let name = unsafe name, let value = unsafe value else {
                return 0
            }
            entries.append(
                unsafe Entry(
                    line: line,
                    section: String(cString: section),
                    name: String(cString: name),
                    value: String(cString: value)
                )
            )
            return 1
        }
    }
}
