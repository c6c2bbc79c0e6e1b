// SPDX-License-Identifier: GPL-2.0-or-later
package import Linux
package import Messages

extension StandardOutput {
    /// Writes `text` and a line feed; a full disk or a closed pipe is an error.
    package static func line(_ text: String) throws(UserError) {
        do {
            try write("\(text)\n")
        } catch {
            throw UserError("\(error)", hint: "check where standard output goes")
        }
    }
}
