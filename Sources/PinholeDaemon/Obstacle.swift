/// What stands in the way of a command, and how to mend it.
///
/// The command line writes it as `pinhole: MESSAGE: MEND`.
package struct Obstacle: Error, Hashable, Sendable {
    /// What went wrong: lower case, one line, no full stop.
    package let message: String
    /// How to mend it: the same.
    package let mend: String

    package init(_ message: String, mend: String) {
        self.message = message
        self.mend = mend
    }

    /// A daemon of another version, or something else that listens where a daemon should.
    package static let senselessAnswer = Obstacle(
        "the daemon gave an answer that makes no sense",
        mend: "use its own version of pinhole"
    )
}
