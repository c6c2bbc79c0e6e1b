// SPDX-License-Identifier: GPL-2.0-or-later

/// The configuration file, which the daemon reads again on reload.
package struct ConfigurationFile {
    package let path: String
    /// Parses the text of the file.
    package let settings: (String) throws(UserError) -> Settings

    package init(at path: String, _ settings: @escaping (String) throws(UserError) -> Settings) {
        self.path = path
        self.settings = settings
    }
}
