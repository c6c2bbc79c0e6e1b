// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages

extension UserError {
    /// The answer of a daemon of another version, or of another program that listens at the daemon's path.
    package static let invalidAnswer = UserError(
        "the daemon sent an invalid answer",
        hint: "use its own version of pinhole"
    )
}
