// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import PinholeDaemon

/// Checks of the other gateway of a pair.
extension Inspection {
    /// Checks whether sessions would go on there.
    mutating func inspectPair() {
        let status = PeerStatus.read(besides: settings.peerStatePath)
        guard status != nil || settings.sync.peer != nil else { return }
        let now = Clock.now()
        guard let status, status.isFresh(at: now) else {
            findings.append(
                .failed("pair: pinhole sync does not run", hint: "systemctl enable --now pinhole-sync")
            )
            return
        }
        inspectPeer(status, at: now)
        inspectConnectionSharing()
    }

    private mutating func inspectPeer(_ status: PeerStatus, at now: Instant) {
        guard status.isConnected else {
            let reason = status.problem.isEmpty ? "no data was received from it" : status.problem
            findings.append(
                .failed(
                    "pair: \(status.peer) port \(status.port) is not reached: \(reason)",
                    hint: "start pinhole sync there, with the same key and a version at most one apart"
                )
            )
            return
        }
        findings.append(
            .fine("pair: \(status.peer) is reached, lag \(Int((status.lag * 1000).rounded())) ms")
        )
        inspectClocks(status)
        if status.hasDaemon, status.hasPeerDaemon {
            findings.append(
                .failed(
                    "pair: the daemon runs on both gateways",
                    hint: "let keepalived start it on one: see docs/pair.md"
                )
            )
        } else if !status.hasDaemon, !status.hasPeerDaemon {
            findings.append(
                .failed("pair: the daemon runs on neither gateway", hint: "see keepalived on both")
            )
        } else {
            let role = status.hasDaemon ? "this gateway is active" : "this gateway stands by"
            findings.append(.fine("pair: \(role), \(status.records) sessions of the other one on record"))
        }
        guard status.hasDaemon else { return }
        findings.append(
            status.isFollowed
                ? .fine("pair: \(status.peer) follows this gateway")
                : .failed(
                    "pair: \(status.peer) does not follow this gateway, its sessions would be lost with it",
                    hint: "see the log of pinhole sync there"
                )
        )
    }

    /// Compares the times of day: expiries do not need them, but whoever reads both logs does.
    private mutating func inspectClocks(_ status: PeerStatus) {
        guard let difference = status.timeDifference, abs(difference) >= 1 else { return }
        findings.append(
            .warning(
                "pair: the clocks of the two gateways differ by \(Int(abs(difference).rounded())) s",
                hint: "run an NTP client on both, or their logs cannot be compared"
            )
        )
    }

    /// Checks that the entries of conntrack are on both gateways: without them nothing goes on.
    private mutating func inspectConnectionSharing() {
        // It asks the one that runs.
        let answer = try? ChildProcess.run("conntrackd", ["-s"])
        findings.append(
            answer?.status == 0
                ? .fine("pair: conntrackd runs")
                : .failed(
                    "pair: conntrackd does not answer, so the other gateway may not know the connections",
                    hint: "systemctl enable --now conntrackd"
                )
        )
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
