// SPDX-License-Identifier: GPL-2.0-or-later

/// A rule of a packet filter, as far as it decides what passes.
struct FilterRule: Hashable, Sendable {
    enum Target: Hashable, Sendable {
        case accept
        /// DROP, REJECT, and what else ends a packet.
        case drop
        case jump(String)
        case goTo(String)
        case leave
        /// Nothing that decides: LOG, MARK, a counter.
        case proceed
        /// Keeps the packet out of conntrack.
        case untrack
        /// The first that matches: the elements of a verdict map.
        case choose([FilterRule])
    }

    /// The rule as the administrator knows it.
    let text: String
    let matches: [FilterMatch]
    let target: Target

    func certainty(for packet: ProbePacket) -> FilterMatch.Certainty {
        matches.map { $0.certainty(for: packet) }.min() ?? .yes
    }
}
