/// An error that a user reads: what went wrong, and a hint at what to do about it.
///
/// The command line writes it as `pinhole: MESSAGE: HINT`. It may stand for several, each with a line of its own.
package struct UserError: Error, Hashable, Sendable {
    /// The status that the program exits with.
    package enum Status: Int32, Sendable {
        case failed = 1
        /// The command line itself is wrong (`EX_USAGE`).
        case usage = 64
    }

    /// What went wrong: lower case, one line, no full stop.
    package let message: String
    /// What to do about it: the same.
    package let hint: String
    package let status: Status
    /// What else is wrong, and comes first.
    private var earlier: [UserError] = []

    package init(_ message: String, hint: String, status: Status = .failed) {
        self.message = message
        self.hint = hint
        self.status = status
    }

    /// One for several; `nil` for none.
    package init?(all errors: [UserError]) {
        guard let last = errors.last else { return nil }
        self = last
        earlier = errors.dropLast()
    }

    /// Every one that it stands for, in order; at least one.
    package var all: [UserError] {
        earlier.flatMap(\.all) + [UserError(message, hint: hint, status: status)]
    }

    /// A daemon of another version, or something else that listens where a daemon should.
    package static let senselessAnswer = UserError(
        "the daemon gave an answer that makes no sense",
        hint: "use its own version of pinhole"
    )
}

extension UserError: CustomStringConvertible {
    /// `pinhole: what went wrong: what to do`, on as many lines as there are errors.
    package var description: String {
        all.map { "pinhole: \($0.message): \($0.hint)" }.joined(separator: "\n")
    }
}
