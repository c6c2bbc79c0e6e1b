import Formats
import PinholeDaemon

/// What the daemon has said, piece by piece.
extension JSON {
    /// The member of that name, if it is an object that has one.
    subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// A text as it may be shown on a terminal, whoever has sent it: printable ASCII, at most some thousand characters.
    var string: String? {
        if case .string(let value) = self { Escaping.harmless(value, limit: 4096) } else { nil }
    }

    var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }

    var members: [Member] { if case .object(let members) = self { members } else { [] } }

    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// All numbers among its members; the largest there is where they are more.
    var sum: UInt64 {
        members.reduce(0) { sum, member in
            let (more, isTooMuch) = sum.addingReportingOverflow(member.value.integer ?? 0)
            return isTooMuch ? .max : more
        }
    }

    var integer: UInt64? { if case .integer(let value) = self { value } else { nil } }
}
