import PinholeDaemon

/// One line of `pinhole check`.
struct Finding: Hashable, Sendable {
    enum Grade: String, Hashable, Sendable {
        case fine = "ok"
        /// May be as it should be: only the administrator knows.
        case doubtful = "warning"
        /// FTP is not carried until it is fixed.
        case missing = "not ok"
    }

    let grade: Grade
    let subject: String
    /// What to do about it; empty where nothing need be done.
    let hint: String

    static func fine(_ subject: String) -> Finding { Finding(grade: .fine, subject: subject, hint: "") }

    static func doubtful(_ subject: String, hint: String) -> Finding {
        Finding(grade: .doubtful, subject: subject, hint: hint)
    }

    static func missing(_ subject: String, hint: String) -> Finding {
        Finding(grade: .missing, subject: subject, hint: hint)
    }
}

extension Finding: CustomStringConvertible {
    /// `not ok   queue 21: nobody listens: start pinhole run`.
    var description: String {
        let column = grade.rawValue + String(repeating: " ", count: 9 - grade.rawValue.count)
        // Some of it has been said by others: the name of a process, say.
        return Escaping.harmless(hint.isEmpty ? "\(column)\(subject)" : "\(column)\(subject): \(hint)")
    }
}
