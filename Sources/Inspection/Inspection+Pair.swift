// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import PinholeDaemon

/// Checks of the other gateway of a pair.
extension Inspection {
    /// Checks whether sessions would go on there.
    mutating func inspectPair() {
        guard role != .single else { return }
        let now = Clock.now()
        guard let peer, peer.isFresh(at: now) else {
            let path = PeerStatus.path(besides: settings.peerStatePath)
            findings.append(
                ServiceState.current(of: "pinhole-sync")?.syncFinding(path)
                    ?? .failed("pair: pinhole sync does not run", hint: "start pinhole sync")
            )
            return
        }
        findings += Inspection.findings(about: peer, recordsAt: settings.peerStatePath)
        inspectConnectionSharing(peer)
    }

    /// What the status of `pinhole sync` says of the other gateway.
    ///
    /// - Parameters:
    ///   - peer: the status.
    ///   - path: where the peer's records are kept.
    /// - Returns: what to say and to do.
    static func findings(about peer: PeerStatus, recordsAt path: String) -> [Finding] {
        guard peer.isConnected else { return [loss(of: peer, recordsAt: path)] }
        let lag = Int((peer.lag * 1000).rounded())
        return [.fine("pair: \(peer.peer) is reached, lag \(lag) ms")] + clocks(peer) + [roles(peer)]
            + (peer.hasDaemon ? [following(peer)] : [])
    }

    private static func loss(of peer: PeerStatus, recordsAt path: String) -> Finding {
        let reason = peer.problem.isEmpty ? "no data was received from it" : peer.problem
        switch peer.trouble {
        case .peer:
            return .failed(
                "pair: \(peer.peer) port \(peer.port) is not reached: \(reason)",
                hint: "start pinhole sync there, with the same key, and let this link's firewall pass it"
            )
        case .version:
            return .failed(
                "pair: \(reason)",
                hint: "upgrade the older one: versions may be at most one apart"
            )
        case .file:
            return .failed(
                "pair: the records of \(peer.peer) cannot be kept: \(reason)",
                hint: "see whether there is room for \(path) (df)"
            )
        }
    }

    /// Compares the times of day: expiries do not need them, but whoever reads both logs does.
    private static func clocks(_ peer: PeerStatus) -> [Finding] {
        guard let difference = peer.timeDifference, abs(difference) >= 1 else { return [] }
        return [
            .warning(
                "pair: the clocks of the two gateways differ by \(Int(abs(difference).rounded())) s",
                hint: "run an NTP client on both, or their logs cannot be compared"
            )
        ]
    }

    private static func roles(_ peer: PeerStatus) -> Finding {
        switch (peer.hasDaemon, peer.hasPeerDaemon) {
        case (true, true):
            .failed(
                "pair: the daemon runs on both gateways",
                hint: "let keepalived start it on one: see docs/pair.md"
            )
        case (false, false):
            .failed("pair: the daemon runs on neither gateway", hint: "see keepalived on both")
        case (true, false): .fine("pair: this gateway is active")
        case (false, true):
            .fine("pair: this gateway stands by, \(peer.records) sessions of the other one on record")
        }
    }

    private static func following(_ peer: PeerStatus) -> Finding {
        guard !peer.isFollowed else { return .fine("pair: \(peer.peer) follows this gateway") }
        let reason = peer.followerProblem.isEmpty ? "" : " (\(peer.followerProblem))"
        return .failed(
            "pair: \(peer.peer) does not follow this gateway\(reason), its sessions would be lost with it",
            hint: "see the log of pinhole sync there"
        )
    }

    /// Checks that the entries of conntrack are on both gateways: without them nothing goes on.
    private mutating func inspectConnectionSharing(_ peer: PeerStatus) {
        // It asks the one that runs.
        let answer = try? ChildProcess.run("conntrackd", ["-s"])
        if let answer, answer.status == 0 {
            findings.append(ConnectionSharing(parsing: answer.output).finding(peer))
        } else if mayLook {
            findings.append(
                .failed(
                    "pair: conntrackd does not answer, so the other gateway may not know the connections",
                    hint: "systemctl enable --now conntrackd"
                )
            )
        }
        if setting("net/netfilter/nf_conntrack_events") == "0" {
            findings.append(
                .failed(
                    "pair: the kernel sends no events to conntrackd",
                    hint: "sysctl net.netfilter.nf_conntrack_events=1"
                )
            )
        }
    }
}
