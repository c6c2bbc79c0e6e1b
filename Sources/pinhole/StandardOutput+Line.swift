import Linux
import PinholeDaemon

extension StandardOutput {
    /// Writes all of `text` and a line feed; a full disk or a reader that went away is a failure to tell of.
    static func line(_ text: String) throws(UserError) {
        do {
            try write("\(text)\n")
        } catch {
            throw UserError("\(error)", hint: "see where the output goes")
        }
    }
}
