// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
import FTPHelper
import Netfilter

/// What `pinhole status` shows of the daemon.
package struct StatusReport: Sendable {
    /// How many of the last refusals it has.
    static let refusalCount = 3

    let facts: DaemonFacts
    /// The mark of connections that bypass the queue; `nil` for none.
    let bypassMark: ConnectionMark?
    /// Whether anything opens for encrypted sessions.
    let opensForFTPS: Bool
    let statistics: StatisticsReport
    /// The newest first.
    let refusals: [EventRecord]
    let now: Instant

    /// The answer to the request: the numbers of now, and those since the start.
    package var json: JSON {
        func number(_ name: String, _ value: Int) -> JSON.Member {
            JSON.Member(name, .integer(UInt64(value)))
        }
        let counts = statistics.statistics
        return .object([
            JSON.Member("version", .string(facts.version)),
            number("process", Int(facts.process)),
            JSON.Member("uptime", .integer(UInt64(facts.started.seconds(until: now)))),
            JSON.Member("backend", .string(facts.backend.rawValue)),
            JSON.Member(
                "queues",
                .object([
                    number("control", Int(facts.queues.control)), number("data", Int(facts.queues.data)),
                ])
            ),
            JSON.Member(
                "rules_age",
                statistics.rules.loaded.map { .integer(UInt64($0.seconds(until: now))) } ?? .null
            ),
            JSON.Member("rules_repaired", .integer(statistics.rules.repairs)),
            JSON.Member("bypass_mark", bypassMark.map { .string($0.text) } ?? .null),
            JSON.Member("ftps", .bool(opensForFTPS)),
            number("sessions", statistics.connections),
            JSON.Member("sessions_total", .integer(counts.connectionsTotal)),
            number("ftps_sessions", statistics.encryptedSessions),
            number("transfers", statistics.transfers),
            JSON.Member("transfers_completed", .integer(counts.transfersCompleted)),
            JSON.Member("transfers_failed", .integer(counts.transfersFailed)),
            number("expectations", statistics.expectations),
            JSON.Member("expectations_used", .integer(counts.expectationsUsed)),
            JSON.Member("expectations_expired", .integer(counts.expectationsExpired)),
            JSON.Member("blocked", .integer(counts.blocked)),
            JSON.Member("refused", .integer(counts.refused.values.reduce(0, &+))),
            JSON.Member("errors", .integer(statistics.faults.values.reduce(counts.conflicts, &+))),
            JSON.Member("refusals", .array(refusals.prefix(Self.refusalCount).map(\.json))),
        ])
    }
}
