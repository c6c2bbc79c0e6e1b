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
    /// The hooks of base chains of nftables: `forward`.
    var hooks: [String: String] = [:]

    private enum End {
        case accepted(by: String)
        case dropped(by: String)
        case returned
    }

    /// Follows a packet from the beginning of a base chain.
    func outcome(of packet: ProbePacket, from chain: String) -> FilterOutcome {
        var mayBeAccepted = false
        let policy = policies[chain]
        switch follow(packet, chain, 0, &mayBeAccepted) {
        case .accepted(let rule): return .accepted(by: rule)
        case .dropped(let rule): return mayBeAccepted ? .acceptedInPart(droppedBy: rule) : .dropped(by: rule)
        case .returned:
            guard let policy else { return .accepted(by: nil) }
            return mayBeAccepted ? .acceptedInPart(droppedBy: policy) : .dropped(by: policy)
        }
    }

    private func follow(
        _ packet: ProbePacket,
        _ chain: String,
        _ depth: Int,
        _ mayBeAccepted: inout Bool
    ) -> End {
        guard depth <= Self.maximumDepth else { return .returned }
        for rule in rules[chain, default: []] {
            let certainty = rule.certainty(for: packet)
            guard certainty != .no else { continue }
            let end: End
            switch rule.target {
            case .proceed, .untrack: continue
            case .accept: end = .accepted(by: rule.text)
            case .drop: end = .dropped(by: rule.text)
            case .leave: end = .returned
            case .jump(let other), .goTo(let other): end = follow(packet, other, depth + 1, &mayBeAccepted)
            }
            guard certainty == .yes else {
                if case .accepted = end { mayBeAccepted = true }
                continue
            }
            switch (end, rule.target) {
            case (.returned, .jump): continue
            case (.accepted, _), (.dropped, _), (.returned, _): return end
            }
        }
        return .returned
    }

    /// The rules that keep TCP packets to this port out of conntrack.
    func untracking(port: UInt16) -> [FilterRule] {
        let packet = ProbePacket(state: .new, destinationPort: port)
        return rules.sorted { $0.key < $1.key }.flatMap(\.value).filter {
            $0.target == .untrack && $0.certainty(for: packet) != .no
        }
    }
}
