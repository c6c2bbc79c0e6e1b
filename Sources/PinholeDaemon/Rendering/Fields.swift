/// A line of `key=value` pairs, as logs and text output have them.
///
/// A value with a blank, a quotation mark or an equals sign in it, or none at all, stands in quotation marks, those
/// in it behind a backslash. Network text is to be escaped before (`Escaping`): line ends are not looked for here.
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
