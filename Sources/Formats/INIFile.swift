// SPDX-License-Identifier: GPL-2.0-or-later

/// The lines of an INI file: `[section]`, `key = value` and comments.
///
/// A comment begins with `#` or `;`, at the start of a line or after a space. CRLF, a byte order mark and `key: value` are
/// accepted. Lines may have any length.
package struct INIFile: Sendable {
    package enum Content: Hashable, Sendable {
        /// The text between the brackets.
        case section(String)
        case entry(name: String, value: String)
        case malformed(Problem)
    }

    package enum Problem: Hashable, Sendable {
        case controlCharacter, unclosedSection, textAfterSection, missingEqualsSign, missingName
    }

    /// All lines but empty ones and comments, numbered from 1.
    package let lines: [(number: Int, content: Content)]

    /// Reads a whole file's text.
    package init(parsing text: String) {
        let mark = Array("\u{feff}".utf8)
        let bytes = text.utf8.dropFirst(text.utf8.starts(with: mark) ? mark.count : 0)
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .compactMap { index, line in Self.content(of: line).map { (index + 1, $0) } }
    }

    private static func content(of line: Substring.UTF8View) -> Content? {
        let text = trimmed(withoutComment(line))
        guard let first = text.first else { return nil }
        guard text.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }) else {
            return .malformed(.controlCharacter)
        }
        if first == UInt8(ascii: "[") {
            guard let end = text.firstIndex(of: UInt8(ascii: "]")) else {
                return .malformed(.unclosedSection)
            }
            guard text.index(after: end) == text.endIndex else { return .malformed(.textAfterSection) }
            return .section(string(text.dropFirst().dropLast()))
        }
        guard let sign = text.firstIndex(where: { "=:".utf8.contains($0) }) else {
            return .malformed(.missingEqualsSign)
        }
        guard sign > text.startIndex else { return .malformed(.missingName) }
        return .entry(name: string(text[..<sign]), value: string(text[text.index(after: sign)...]))
    }

    private static func withoutComment(_ line: Substring.UTF8View) -> Substring.UTF8View {
        var isAfterSpace = true
        return line.prefix { byte in
            defer { isAfterSpace = isSpace(byte) }
            return !(isAfterSpace && "#;".utf8.contains(byte))
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { " \t\r".utf8.contains(byte) }

    private static func trimmed(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
        var bytes = bytes.drop(while: isSpace)
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return bytes
    }

    private static func string(_ bytes: Substring.UTF8View) -> String { String(Substring(trimmed(bytes))) }
}
