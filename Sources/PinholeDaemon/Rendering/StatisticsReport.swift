// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper

/// A snapshot of all statistics.
package struct StatisticsReport: Hashable, Sendable {
    package let statistics: Statistics
    package let connections: Int
    package let expectations: Int
    package let transfers: Int
    /// Encrypted sessions with open ports.
    package let encryptedSessions: Int
    /// The number of failures of each kind, including zeros.
    package let faults: [Fault: UInt64]
    package let rules: RulesState
    /// `nil` if the kernel's figures cannot be read.
    package let queue: QueueFigures?

    package init(
        _ statistics: Statistics,
        connections: Int,
        expectations: Int,
        transfers: Int,
        encryptedSessions: Int = 0,
        faults: [Fault: UInt64],
        rules: RulesState = RulesState(),
        queue: QueueFigures?
    ) {
        self.statistics = statistics
        self.connections = connections
        self.expectations = expectations
        self.transfers = transfers
        self.encryptedSessions = encryptedSessions
        self.faults = faults
        self.rules = rules
        self.queue = queue
    }

    /// The object of `pinhole stats --json`.
    package var json: JSON { .object(members) }

    /// The lines of `pinhole stats`, named as in JSON; nested names are joined by a dot.
    package var text: String {
        let rows = members.flatMap { StatisticsReport.rows($0, prefix: "") }
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { row in
            row.name + String(repeating: " ", count: width - row.name.count + 2) + row.value + "\n"
        }.joined()
    }

    private static func rows(_ member: JSON.Member, prefix: String) -> [(name: String, value: String)] {
        guard case .object(let members) = member.value else {
            return [(prefix + member.name, member.value.text)]
        }
        return members.flatMap { rows($0, prefix: prefix + member.name + ".") }
    }

    private var members: [JSON.Member] {
        [
            JSON.Member("packets", .integer(statistics.packets)),
            JSON.Member("connections", .integer(UInt64(connections))),
            JSON.Member("connections_total", .integer(statistics.connectionsTotal)),
            JSON.Member("expectations", .integer(UInt64(expectations))),
            JSON.Member("expectations_opened", .integer(statistics.expectationsOpened)),
            JSON.Member("expectations_used", .integer(statistics.expectationsUsed)),
            JSON.Member("expectations_expired", .integer(statistics.expectationsExpired)),
            JSON.Member("blocked", .integer(statistics.blocked)),
            JSON.Member("transfers", .integer(UInt64(transfers))),
            JSON.Member("transfers_completed", .integer(statistics.transfersCompleted)),
            JSON.Member("transfers_failed", .integer(statistics.transfersFailed)),
            JSON.Member(
                "bytes",
                .object([
                    JSON.Member("up", .integer(statistics.bytesUp)),
                    JSON.Member("down", .integer(statistics.bytesDown)),
                ])
            ),
            JSON.Member(
                "ftps",
                .object([
                    JSON.Member("sessions", .integer(UInt64(encryptedSessions))),
                    JSON.Member("used", .integer(statistics.ftpsConnections)),
                ])
            ),
            JSON.Member("edits", .integer(statistics.edits)),
            JSON.Member(
                "refused",
                .object(
                    Refusal.Reason.allCases.map {
                        JSON.Member($0.rawValue, .integer(statistics.refused[$0, default: 0]))
                    }
                )
            ),
            JSON.Member(
                "unopened",
                .object(
                    UnopenedReason.allCases.map {
                        JSON.Member($0.rawValue, .integer(statistics.unopened[$0, default: 0]))
                    }
                )
            ),
            JSON.Member(
                "errors",
                .object(
                    Fault.allCases.map { JSON.Member($0.rawValue, .integer(faults[$0, default: 0])) }
                        + [JSON.Member("conflicting-bytes", .integer(statistics.conflicts))]
                )
            ),
            JSON.Member(
                "rules",
                .object([
                    JSON.Member("loaded", .integer(rules.areLoaded ? 1 : 0)),
                    JSON.Member("repaired", .integer(rules.repairs)),
                ])
            ),
            JSON.Member(
                "queue",
                .object([
                    JSON.Member("waiting", queue.map { .integer($0.waiting) } ?? .null),
                    JSON.Member("dropped", queue.map { .integer($0.dropped) } ?? .null),
                ])
            ),
        ]
    }
}
