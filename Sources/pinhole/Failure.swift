import PinholeDaemon

/// Why a command ended without doing what it was asked for, and what to do about it.
///
/// Every failure that the command line can meet becomes one line: what went wrong, then how to mend it.
struct Failure: Error, Hashable {
    /// The status that the program exits with.
    enum Status: Int32, Sendable {
        case failed = 1
        /// The command line itself is wrong (`EX_USAGE`).
        case usage = 64
    }

    /// What went wrong: lower case, one line, no full stop.
    let message: String
    /// How to mend it: the same.
    let mend: String
    let status: Status
    /// What else is wrong, and comes first.
    private var earlier: [Failure] = []

    init(_ message: String, mend: String, status: Status = .failed) {
        self.message = message
        self.mend = mend
        self.status = status
    }

    /// One for several, each with a line of its own; `nil` for none.
    init?(all failures: [Failure]) {
        guard let last = failures.last else { return nil }
        self = last
        earlier = failures.dropLast()
    }
}

extension Failure: CustomStringConvertible {
    /// `pinhole: what went wrong: how to mend it`, on as many lines as things are wrong.
    var description: String {
        obstacles.map { "pinhole: \($0.message): \($0.mend)" }.joined(separator: "\n")
    }

    /// Everything that is wrong.
    var obstacles: [Obstacle] { earlier.flatMap(\.obstacles) + [Obstacle(message, mend: mend)] }
}
