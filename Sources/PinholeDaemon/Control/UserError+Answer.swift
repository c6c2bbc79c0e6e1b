// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages

extension UserError {
    /// The answer of a daemon of another version, or of another program that listens at the daemon's path.
    package static let senselessAnswer = UserError(
        "the daemon gave an answer that makes no sense",
        hint: "use its own version of pinhole"
    )
}
