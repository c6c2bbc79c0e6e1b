// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import PinholeDaemon

extension StandardOutput {
    /// Writes `text` and a line feed; a full disk or a closed pipe is an error.
    static func line(_ text: String) throws(UserError) {
        do {
            try write("\(text)\n")
        } catch {
            throw UserError("\(error)", hint: "check where standard output goes")
        }
    }
}
