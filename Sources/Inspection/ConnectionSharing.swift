// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon

/// How many connections conntrackd knows, as `conntrackd -s` says.
struct ConnectionSharing: Hashable, Sendable {
    /// Those of this gateway, which it sends; `nil` if it does not say.
    private(set) var ownCount: UInt64?
    /// Those of the other gateway, which it keeps; `nil` if it does not say, as without an external cache.
    private(set) var peerCount: UInt64?

    /// Reads the line `current active connections: NUMBER` below `cache internal:` and `cache external:`.
    init(parsing text: String) {
        var isExternal: Bool?
        for line in text.split(separator: "\n") {
            let words = line.split { " \t".contains($0) }
            if words == ["cache", "internal:"] { isExternal = false }
            if words == ["cache", "external:"] { isExternal = true }
            guard words.starts(with: ["current", "active", "connections:"]),
                let count = words.last.flatMap({ UInt64($0) })
            else { continue }
            switch isExternal {
            case true?: peerCount = count
            case false?: ownCount = count
            case nil: break
            }
            isExternal = nil
        }
    }

    /// Whether it has the connections of the sessions that are on record.
    func finding(_ peer: PeerStatus) -> Finding {
        if !peer.hasDaemon, peer.records > 0, peerCount == 0 {
            return .failed(
                "pair: conntrackd has no connection of \(peer.peer), although \(peer.records) sessions are on record",
                hint:
                    "compare conntrackd -s network on both, and its addresses and interface in conntrackd.conf"
            )
        }
        let counts = [(ownCount, "of this gateway"), (peerCount, "of the other one")].compactMap {
            count,
            whose in
            count.map { "\($0) connections \(whose)" }
        }
        return .fine("pair: conntrackd runs\(counts.isEmpty ? "" : ", ")\(counts.joined(separator: ", "))")
    }
}
