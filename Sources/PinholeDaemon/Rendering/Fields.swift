// SPDX-License-Identifier: GPL-2.0-or-later
import Messages

/// A line of `key=value` pairs, for logs and text output.
///
/// A value that is empty or contains a blank, a quotation mark or an equals sign is quoted; quotation marks in it get a backslash.
/// Escape text from the network first (`Escaping`): line feeds are not escaped here.
package struct Fields: Hashable, Sendable {
    package private(set) var text = ""

    package init() {}

    /// Adds one pair.
    package mutating func add(_ key: String, _ value: some CustomStringConvertible) {
        if !text.isEmpty { text += " " }
        text += key
        text += "="
        text += Fields.quoted(value.description)
    }

    private static func quoted(_ value: String) -> String {
        guard value.isEmpty || value.utf8.contains(where: { " \"=".utf8.contains($0) }) else { return value }
        return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            + "\""
    }
}
