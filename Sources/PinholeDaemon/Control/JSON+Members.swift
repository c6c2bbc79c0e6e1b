// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
import Messages

/// Access to the daemon's answers.
extension JSON {
    /// The member with that name; `nil` if this is not an object or has no such member.
    package subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// A string in printable ASCII, at most some thousand characters: safe for a terminal, whoever sent it.
    package var string: String? {
        if case .string(let value) = self { Escaping.harmless(value, limit: 4096) } else { nil }
    }

    package var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }

    package var members: [Member] { if case .object(let members) = self { members } else { [] } }

    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The sum of its members that are numbers; it saturates.
    package var sum: UInt64 {
        members.reduce(0) { sum, member in
            let (more, isTooMuch) = sum.addingReportingOverflow(member.value.integer ?? 0)
            return isTooMuch ? .max : more
        }
    }

    package var integer: UInt64? { if case .integer(let value) = self { value } else { nil } }
}
