// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Linux
import PinholeDaemon

/// What did not work lately, of what the daemon has kept.
extension Inspection {
    /// Seconds for which it is a finding.
    private static let recentSeconds = 3600.0

    /// Reports the refusals of the last hour, the sessions for which nothing opened, and the data connections that nobody
    /// answered.
    mutating func inspectTroubles(_ troubles: [JSON]) {
        let now = Clock.timeOfDay()
        let recent = troubles.filter { now - ($0["time"]?.double ?? 0) < Self.recentSeconds }
        inspectRefusals(recent.filter { $0["event"]?.string == "refused" })
        inspectUnopened(recent.filter { $0["event"]?.string == "unopened" })
        inspectBlocked(recent.filter { $0["event"]?.string == "blocked" })
    }

    private mutating func inspectRefusals(_ refusals: [JSON]) {
        guard !refusals.isEmpty else {
            findings.append(.fine("refused in the last hour: nothing"))
            return
        }
        let counts = Self.counts(of: refusals).map { "\($0.count) \($0.reason)" }
        findings.append(
            .warning(
                "refused in the last hour: \(counts.joined(separator: ", "))",
                hint: "see pinhole refusals"
            )
        )
    }

    /// Reports each reason with what the daemon says of the last session.
    private mutating func inspectUnopened(_ troubles: [JSON]) {
        for (reason, count) in Self.counts(of: troubles) {
            let last = troubles.first { $0["reason"]?.string == reason }
            findings.append(
                .warning(
                    "\(reason): \(count) in the last hour, the last one \(Self.ends(of: last))",
                    hint: last?["explanation"]?.string ?? ""
                )
            )
        }
    }

    private mutating func inspectBlocked(_ troubles: [JSON]) {
        guard let last = troubles.first else { return }
        findings.append(
            .warning(
                "blocked in the last hour: \(troubles.count), the last one \(Self.ends(of: last))",
                hint: last["explanation"]?.string ?? ""
            )
        )
    }

    /// How many there are for each reason, by its name.
    private static func counts(of troubles: [JSON]) -> [(reason: String, count: Int)] {
        troubles.reduce(into: [String: Int]()) { counts, trouble in
            if let reason = trouble["reason"]?.string { counts[reason, default: 0] += 1 }
        }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The ends of the control connection.
    private static func ends(of trouble: JSON?) -> String {
        "\(trouble?["client"]?.string ?? "") to \(trouble?["server"]?.string ?? "")"
    }
}
