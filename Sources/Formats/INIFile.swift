import CInih
import Glibc

/// The lines of an INI file, keys with their values in sections, as inih reads them.
package struct INIFile: Sendable {
    /// One `name = value`.
    package struct Entry: Hashable, Sendable {
        /// From 1 on.
        package let line: Int
        /// Empty before the first section.
        package let section: String
        package let name: String
        package let value: String
    }

    /// In the order of the lines.
    package private(set) var entries: [Entry] = []
    /// The first line that is neither a section, a key with a value, a comment nor empty.
    package private(set) var brokenLine: Int?

    /// Bytes of a line at the most (`INI_MAX_LINE`, less what inih itself needs).
    package static let maximumLine = 197
    /// Bytes of a section's name at the most; of a longer one inih keeps only the beginning.
    package static let maximumSection = 48

    /// Reads a whole file's text.
    package init(parsing text: String) {
        let reading = Reading(text)
        let address = unsafe Unmanaged.passUnretained(reading).toOpaque()
        // Sound: `reading` lives until the call returns, and inih hands its address to these two functions only.
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

    /// What inih is reading, and what it has read.
    private final class Reading {
        private var rest: Substring.UTF8View
        private var line = 0
        var entries: [Entry] = []
        var longLine: Int?

        init(_ text: String) { rest = Substring(text).utf8 }

        static func at(_ address: UnsafeMutableRawPointer?) -> Reading? {
            // Sound: the address is the one that `init(parsing:)` gave, of an object that lives.
            unsafe address.map { unsafe Unmanaged<Reading>.fromOpaque($0).takeUnretainedValue() }
        }

        /// Reads a line as fgets(3) does; `nil` at the end.
        func readLine(into room: UnsafeMutablePointer<CChar>?, capacity: Int32) -> UnsafeMutablePointer<
            CChar
        >? {
            guard let room = unsafe room, !rest.isEmpty else { return nil }
            line += 1
            let whole = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(whole.count + 1)
            if whole.count > INIFile.maximumLine { longLine = longLine ?? line }
            // Sound: inih gives so many bytes of room; a NUL would end the line for it, and is none of a text file's.
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
            // Sound: inih gives NUL-terminated text, valid during the call.
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
