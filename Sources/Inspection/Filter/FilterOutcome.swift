// SPDX-License-Identifier: GPL-2.0-or-later

/// What becomes of a packet.
enum FilterOutcome: Hashable, Sendable {
    /// A rule accepts it; `nil` if only the policy does.
    case accepted(by: String?)
    /// Rules accept it from some interfaces or addresses; the rest is dropped by this rule or policy.
    case acceptedInPart(droppedBy: String)
    /// This rule or policy drops it.
    case dropped(by: String)
}
