// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages

/// The configuration file, which the daemon reads again on reload.
package struct ConfigurationFile {
    package let path: String
    /// Whether a missing file means the defaults, as it does at the start.
    let mayBeMissing: Bool
    /// Parses the text of the file.
    private let parse: (String) throws(UserError) -> Settings

    package init(
        at path: String,
        mayBeMissing: Bool,
        _ parse: @escaping (String) throws(UserError) -> Settings
    ) {
        self.path = path
        self.mayBeMissing = mayBeMissing
        self.parse = parse
    }

    /// The settings of the file with this text.
    package func settings(_ text: String) throws(UserError) -> Settings { try parse(text) }
}
