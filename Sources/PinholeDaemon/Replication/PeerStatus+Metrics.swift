// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

extension PeerStatus {
    /// The state of the pair in the Prometheus text format, version 0.0.4.
    package func metrics(at now: Instant) -> String {
        let isUp = isFresh(at: now) && isConnected
        let families: [(name: String, help: String, value: String)] = [
            ("peer_up", "Whether the other gateway of the pair can be reached.", isUp ? "1" : "0"),
            (
                "peer_active", "Whether the daemon of the other gateway runs.",
                isUp && hasPeerDaemon ? "1" : "0"
            ),
            (
                "peer_refused", "Whether one of the two gateways refuses the other because of its version.",
                trouble == .version && !problem.isEmpty || !followerProblem.isEmpty ? "1" : "0"
            ),
            ("peer_followed", "Whether the other gateway follows this one.", isFollowed ? "1" : "0"),
            ("peer_records", "Sessions of the other gateway that are on record here.", "\(records)"),
            (
                "peer_lag_seconds", "Time since the other gateway was heard.",
                age(at: now).map { "\(max($0, lag))" } ?? "+Inf"
            ),
        ]
        return families.map { family in
            "# HELP pinhole_\(family.name) \(family.help)\n# TYPE pinhole_\(family.name) gauge\n"
                + "pinhole_\(family.name) \(family.value)\n"
        }.joined()
    }
}
