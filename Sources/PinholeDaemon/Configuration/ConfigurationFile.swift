/// The file that the settings come from, to be read again while the daemon runs.
package struct ConfigurationFile {
    package let path: String
    /// Makes settings of its text.
    package let settings: (String) throws(UserError) -> Settings

    package init(at path: String, _ settings: @escaping (String) throws(UserError) -> Settings) {
        self.path = path
        self.settings = settings
    }
}
