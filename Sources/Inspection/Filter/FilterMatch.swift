// SPDX-License-Identifier: GPL-2.0-or-later

/// A condition of a rule.
enum FilterMatch: Hashable, Sendable {
    /// Whether a rule matches, as far as the packet is known.
    enum Certainty: Int, Hashable, Sendable, Comparable {
        case no
        case maybe
        case yes

        static func < (one: Certainty, other: Certainty) -> Bool { one.rawValue < other.rawValue }

        var inverted: Certainty {
            switch self {
            case .no: .yes
            case .maybe: .maybe
            case .yes: .no
            }
        }
    }

    /// The packet is of TCP, or is not.
    case isTCP(Bool)
    case destinationPorts([ClosedRange<UInt16>], isNegated: Bool = false)
    /// The states of conntrack in lower case.
    case states(Set<String>, isNegated: Bool = false)
    /// Anything else: interfaces, addresses, marks, sets.
    case other

    func certainty(for packet: ProbePacket) -> Certainty {
        switch self {
        case .isTCP(let isTCP): return isTCP ? .yes : .no
        case .destinationPorts(let ranges, let isNegated):
            return ranges.contains { $0.contains(packet.destinationPort) } != isNegated ? .yes : .no
        case .states(let states, let isNegated):
            return states.contains(packet.state.rawValue) != isNegated ? .yes : .no
        case .other: return .maybe
        }
    }
}
