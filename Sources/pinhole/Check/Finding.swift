import PinholeDaemon

/// One line of `pinhole check`.
struct Finding: Hashable, Sendable {
    enum Grade: String, Hashable, Sendable {
        case fine = "ok"
        /// May be as it should be: only the administrator knows.
        case doubtful = "warning"
        /// FTP is not carried until it is mended.
        case missing = "not ok"
    }

    let grade: Grade
    let subject: String
    /// What to do about it; empty where nothing need be done.
    let remedy: String

    static func fine(_ subject: String) -> Finding { Finding(grade: .fine, subject: subject, remedy: "") }

    static func doubtful(_ subject: String, mend: String) -> Finding {
        Finding(grade: .doubtful, subject: subject, remedy: mend)
    }

    static func missing(_ subject: String, mend: String) -> Finding {
        Finding(grade: .missing, subject: subject, remedy: mend)
    }
}

extension Finding: CustomStringConvertible {
    /// `not ok   queue 21: nobody listens: start pinhole run`.
    var description: String {
        let column = grade.rawValue + String(repeating: " ", count: 9 - grade.rawValue.count)
        // Some of it has been said by others: the name of a process, say.
        return Escaping.harmless(remedy.isEmpty ? "\(column)\(subject)" : "\(column)\(subject): \(remedy)")
    }
}
