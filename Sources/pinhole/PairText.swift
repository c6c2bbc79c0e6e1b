// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import PinholeDaemon

/// What `pinhole status` says of the other gateway of a pair.
struct PairText {
    private let status: PeerStatus
    private let now: Instant

    /// `nil` if `pinhole sync` has never run here.
    init?(besides peerStatePath: String) {
        guard let status = PeerStatus.read(besides: peerStatePath) else { return nil }
        self.status = status
        now = Clock.now()
    }

    /// Whether the daemon of the other gateway is the active one.
    var isStandingBy: Bool { status.isStandingBy(at: now) }

    /// The lines below the title.
    var lines: [String] {
        guard status.isFresh(at: now) else {
            return ["  pair: pinhole sync does not run; start it with: systemctl start pinhole-sync"]
        }
        let role = status.hasDaemon ? "active" : isStandingBy ? "standing by" : "no daemon on either gateway"
        var lines = [
            "  pair: \(role), \(status.local) with \(status.peer)\(status.isSigned ? ", signed" : "")"
        ]
        if status.isConnected {
            let age = ShortForm.duration(status.age(at: now) ?? 0)
            let lag = Int((status.lag * 1000).rounded())
            lines.append(
                "  peer: \(status.hasPeerDaemon ? "active" : "no daemon"), \(status.records) sessions on record, "
                    + "heard \(age) ago, lag \(lag) ms"
            )
        } else {
            lines.append("  peer: not reached\(status.problem.isEmpty ? "" : ": \(status.problem)")")
        }
        if status.hasDaemon, !status.isFollowed { lines.append("  peer: does not follow this gateway") }
        return lines
    }
}
