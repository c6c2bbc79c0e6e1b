// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// The statistics in the Prometheus text format, version 0.0.4.
extension StatisticsReport {
    /// A metric family; all samples have the same label name.
    private struct Family {
        enum Kind: String { case counter, gauge }

        let name: String
        let kind: Kind
        let help: String
        var label = ""
        let samples: [(value: String, number: UInt64)]

        init(_ name: String, _ kind: Kind, _ help: String, _ number: UInt64) {
            self.name = name
            self.kind = kind
            self.help = help
            samples = [("", number)]
        }

        init(_ name: String, _ kind: Kind, _ help: String, by label: String, _ samples: [(String, UInt64)]) {
            self.name = name
            self.kind = kind
            self.help = help
            self.label = label
            self.samples = samples
        }

        var text: String {
            var text = "# HELP pinhole_\(name) \(help)\n# TYPE pinhole_\(name) \(kind.rawValue)\n"
            for (value, number) in samples {
                text += "pinhole_\(name)\(label == "" ? "" : "{\(label)=\"\(value)\"}") \(number)\n"
            }
            return text
        }
    }

    /// The output of `pinhole metrics`, without figures that the kernel does not provide.
    package var metrics: String {
        (sessionFamilies + transferFamilies + failureFamilies + ruleFamilies + queueFamilies).map(\.text)
            .joined()
    }

    private var sessionFamilies: [Family] {
        [
            Family("packets_total", .counter, "Packets of control connections.", statistics.packets),
            Family("connections", .gauge, "Sessions followed.", UInt64(connections)),
            Family("connections_total", .counter, "Sessions since the start.", statistics.connectionsTotal),
            Family("expectations", .gauge, "Open expectations.", UInt64(expectations)),
            Family(
                "expectations_opened_total",
                .counter,
                "Expectations opened.",
                statistics.expectationsOpened
            ),
            Family("expectations_used_total", .counter, "Expectations used.", statistics.expectationsUsed),
            Family(
                "expectations_expired_total",
                .counter,
                "Expectations that timed out unused.",
                statistics.expectationsExpired
            ),
            Family("edits_total", .counter, "Lines that were rewritten.", statistics.edits),
        ]
    }

    private var transferFamilies: [Family] {
        [
            Family("blocked_total", .counter, "Data connections that nobody answered.", statistics.blocked),
            Family("transfers", .gauge, "Transfers in progress.", UInt64(transfers)),
            Family(
                "transfers_total",
                .counter,
                "Finished transfers.",
                by: "result",
                [("complete", statistics.transfersCompleted), ("failed", statistics.transfersFailed)]
            ),
            Family(
                "transfer_bytes_total",
                .counter,
                "Bytes of data in finished transfers.",
                by: "direction",
                [("up", statistics.bytesUp), ("down", statistics.bytesDown)]
            ),
            Family(
                "ftps_sessions",
                .gauge,
                "Encrypted sessions whose clients may reach their server's ports.",
                UInt64(encryptedSessions)
            ),
            Family(
                "ftps_used_total",
                .counter,
                "Data connections of encrypted sessions.",
                statistics.ftpsConnections
            ),
        ]
    }

    private var failureFamilies: [Family] {
        [
            Family(
                "refused_total",
                .counter,
                "Lines that opened nothing.",
                by: "reason",
                Refusal.Reason.allCases.map { ($0.rawValue, statistics.refused[$0, default: 0]) }
            ),
            Family(
                "unopened_total",
                .counter,
                "Sessions for which nothing opened although no line was refused.",
                by: "reason",
                UnopenedReason.allCases.map { ($0.rawValue, statistics.unopened[$0, default: 0]) }
            ),
            Family(
                "errors_total",
                .counter,
                "Failures, by kind.",
                by: "kind",
                Fault.allCases.map { ($0.rawValue, faults[$0, default: 0]) }
                    + [("conflicting-bytes", statistics.conflicts)]
            ),
        ]
    }

    private var ruleFamilies: [Family] {
        [
            Family(
                "rules_loaded",
                .gauge,
                "Whether the firewall rules are loaded, as far as is known.",
                rules.areLoaded ? 1 : 0
            ),
            Family(
                "rules_repaired_total",
                .counter,
                "How often pinhole rules watch put the firewall rules back.",
                rules.repairs
            ),
        ]
    }

    private var queueFamilies: [Family] {
        guard let queue else { return [] }
        return [
            Family("queue_packets", .gauge, "Packets that wait in the queues.", queue.waiting),
            Family(
                "queue_dropped_total",
                .counter,
                "Packets dropped because a queue was full.",
                queue.dropped
            ),
        ]
    }
}
