// SPDX-License-Identifier: GPL-2.0-or-later

/// The chains of a table, through which a packet can be followed.
///
/// A rule of which it is not certain whether it matches drops nothing here: administrators block single addresses and
/// interfaces on purpose.
struct FilterChains: Hashable, Sendable {
    /// More jumps than the kernel allows (`NFT_JUMP_STACK_SIZE`); a list that loops ends there.
    private static let maximumDepth = 16

    /// Names and policies of the chains that packets enter from a hook: `policy DROP` or `nil` for one that accepts.
    var policies: [String: String] = [:]
    var rules: [String: [FilterRule]] = [:]
    /// The chains of nftables that packets enter from a hook.
    var bases: [String: Base] = [:]

    /// Where a chain of nftables is on the way of packets.
    struct Base: Hashable, Sendable {
        /// `forward`.
        let hook: String
        let isBeforeConntrack: Bool
        let isForNAT: Bool
    }

    private enum End {
        case accepted(by: String)
        case dropped(by: String)
        /// The chain is left.
        case returned
        /// The next rule follows.
        case passed
    }

    /// Follows a packet from the beginning of a base chain.
    func outcome(of packet: ProbePacket, from chain: String) -> FilterOutcome {
        var mayBeAccepted = false
        let policy = policies[chain]
        switch follow(packet, rules[chain, default: []], 0, &mayBeAccepted) {
        case .accepted(let rule): return .accepted(by: rule)
        case .dropped(let rule): return mayBeAccepted ? .acceptedInPart(droppedBy: rule) : .dropped(by: rule)
        case .returned, .passed:
            guard let policy else { return .accepted(by: nil) }
            return mayBeAccepted ? .acceptedInPart(droppedBy: policy) : .dropped(by: policy)
        }
    }

    /// Follows a packet through rules, or through the elements of a map, of which only one counts.
    private func follow(
        _ packet: ProbePacket,
        _ rules: [FilterRule],
        firstMatchEnds: Bool = false,
        _ depth: Int,
        _ mayBeAccepted: inout Bool
    ) -> End {
        for rule in rules {
            let certainty = rule.certainty(for: packet)
            guard certainty != .no else { continue }
            let end = end(of: packet, at: rule, depth, &mayBeAccepted)
            guard certainty == .yes else {
                if case .accepted = end { mayBeAccepted = true }
                continue
            }
            if case .passed = end, !firstMatchEnds { continue }
            return end
        }
        return .passed
    }

    private func end(
        of packet: ProbePacket,
        at rule: FilterRule,
        _ depth: Int,
        _ mayBeAccepted: inout Bool
    ) -> End {
        switch rule.target {
        case .proceed, .untrack: return .passed
        case .accept: return .accepted(by: rule.text)
        case .drop: return .dropped(by: rule.text)
        case .leave: return .returned
        case .choose(let elements):
            return follow(packet, elements, firstMatchEnds: true, depth, &mayBeAccepted)
        case .jump(let other), .goTo(let other):
            guard depth < Self.maximumDepth else { return .returned }
            let end = follow(packet, rules[other, default: []], depth + 1, &mayBeAccepted)
            switch (end, rule.target) {
            case (.returned, .jump), (.passed, .jump): return .passed
            case (.returned, _), (.passed, _): return .returned
            case (.accepted, _), (.dropped, _): return end
            }
        }
    }

    /// The rules that keep TCP packets to this port out of conntrack.
    func untracking(port: UInt16) -> [FilterRule] {
        let packet = ProbePacket.control(to: port)
        return rules.sorted { $0.key < $1.key }.flatMap(\.value).filter {
            $0.target == .untrack && $0.certainty(for: packet) != .no
        }
    }
}
