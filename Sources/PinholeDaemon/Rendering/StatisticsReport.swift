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

    private var members: [JSON.Member] { counts + tables }

    private var counts: [JSON.Member] {
        let counts: [(String, UInt64)] = [
            ("packets", statistics.packets), ("connections", UInt64(connections)),
            ("connections_total", statistics.connectionsTotal), ("expectations", UInt64(expectations)),
            ("expectations_opened", statistics.expectationsOpened),
            ("expectations_used", statistics.expectationsUsed),
            ("expectations_expired", statistics.expectationsExpired), ("blocked", statistics.blocked),
            ("transfers", UInt64(transfers)), ("transfers_completed", statistics.transfersCompleted),
            ("transfers_failed", statistics.transfersFailed),
        ]
        return counts.map { JSON.Member($0, .integer($1)) }
    }

    private var tables: [JSON.Member] {
        [
            Self.table("bytes", [("up", statistics.bytesUp), ("down", statistics.bytesDown)]),
            Self.table(
                "ftps",
                [("sessions", UInt64(encryptedSessions)), ("used", statistics.ftpsConnections)]
            ),
            JSON.Member("edits", .integer(statistics.edits)),
            Self.table(
                "refused",
                Refusal.Reason.allCases.map { ($0.rawValue, statistics.refused[$0, default: 0]) }
            ),
            Self.table(
                "unopened",
                UnopenedReason.allCases.map { ($0.rawValue, statistics.unopened[$0, default: 0]) }
            ),
            Self.table(
                "errors",
                Fault.allCases.map { ($0.rawValue, faults[$0, default: 0]) }
                    + [("conflicting-bytes", statistics.conflicts)]
            ),
            Self.table("rules", [("loaded", rules.areLoaded ? 1 : 0), ("repaired", rules.repairs)]),
            Self.table("queue", [("waiting", queue?.waiting), ("dropped", queue?.dropped)]),
        ]
    }

    private static func table(_ name: String, _ rows: [(String, UInt64?)]) -> JSON.Member {
        JSON.Member(name, .object(rows.map { JSON.Member($0, $1.map { .integer($0) } ?? .null) }))
    }
}
