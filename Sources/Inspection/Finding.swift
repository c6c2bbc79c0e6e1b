// SPDX-License-Identifier: GPL-2.0-or-later
import Messages

/// One line of `pinhole check`.
package struct Finding: Hashable, Sendable {
    package enum Grade: String, Hashable, Sendable {
        case fine = "ok"
        /// Only the administrator knows whether it is intended.
        case warning
        /// FTP does not work until it is fixed.
        case failed = "not ok"
    }

    package let grade: Grade
    package let subject: String
    /// How to fix it; empty if there is nothing to do.
    package let hint: String

    static func fine(_ subject: String) -> Finding { Finding(grade: .fine, subject: subject, hint: "") }

    static func warning(_ subject: String, hint: String) -> Finding {
        Finding(grade: .warning, subject: subject, hint: hint)
    }

    static func failed(_ subject: String, hint: String) -> Finding {
        Finding(grade: .failed, subject: subject, hint: hint)
    }
}

extension Finding: CustomStringConvertible {
    /// `not ok   queue 21: no process listens: start pinholed`.
    package var description: String {
        let column = grade.rawValue + String(repeating: " ", count: 9 - grade.rawValue.count)
        // Parts of it are not ours, such as the name of a process.
        return Escaping.harmless(hint.isEmpty ? "\(column)\(subject)" : "\(column)\(subject): \(hint)")
    }
}
