// SPDX-License-Identifier: GPL-2.0-or-later

/// An error for users: what went wrong, and a hint how to fix it.
///
/// It may contain several errors.
package struct UserError: Error, Hashable, Sendable {
    /// The exit status of the program.
    package enum Status: Int32, Sendable {
        case failed = 1
        /// The command line itself is wrong (`EX_USAGE`).
        case usage = 64
        /// The configuration is wrong (`EX_CONFIG`): starting again does not help.
        case configuration = 78
    }

    /// What went wrong: lower case, one line, no full stop.
    package let message: String
    /// How to fix it: the same form.
    package let hint: String
    package let status: Status
    /// Further errors, which come before this one.
    private var earlier: [UserError] = []

    package init(_ message: String, hint: String, status: Status = .failed) {
        self.message = message
        self.hint = hint
        self.status = status
    }

    /// Combines several errors into one; `nil` if there is none.
    package init?(all errors: [UserError]) {
        guard let last = errors.last else { return nil }
        self = last
        earlier = errors.dropLast()
    }

    /// All errors that it contains, in order; at least one.
    package var all: [UserError] {
        earlier.flatMap(\.all) + [UserError(message, hint: hint, status: status)]
    }

    /// What a program writes to standard error: `PROGRAM: MESSAGE: HINT`, one line per error.
    package func text(from program: String) -> String {
        all.map { "\(program): \($0.message): \($0.hint)\n" }.joined()
    }
}
