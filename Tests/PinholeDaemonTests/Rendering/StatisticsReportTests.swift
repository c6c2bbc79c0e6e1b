// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import PinholeDaemon
import Testing

@Suite struct StatisticsReportTests {
    private var report: StatisticsReport {
        var statistics = Statistics()
        statistics.packets = 10
        statistics.connectionsTotal = 3
        statistics.expectationsOpened = 5
        statistics.expectationsUsed = 4
        statistics.expectationsExpired = 1
        statistics.blocked = 20
        statistics.edits = 2
        statistics.ftpsConnections = 18
        statistics.transfersCompleted = 12
        statistics.transfersFailed = 13
        statistics.bytesUp = 14
        statistics.bytesDown = 15
        statistics.conflicts = 7
        statistics.refused = [.malformed: 6]
        var rules = RulesState()
        rules.repairs = 19
        var queue = QueueFigures()
        queue.waiting = 8
        queue.dropped = 9
        return StatisticsReport(
            statistics,
            connections: 1,
            expectations: 0,
            transfers: 16,
            encryptedSessions: 17,
            faults: [.openPinhole: 11],
            rules: rules,
            queue: queue
        )
    }

    @Test func `the report as JSON has every counter, including those at 0`() {
        let expected =
            #"{"packets":10,"connections":1,"connections_total":3,"expectations":0,"#
            + #""expectations_opened":5,"expectations_used":4,"expectations_expired":1,"blocked":20,"#
            + #""transfers":16,"transfers_completed":12,"transfers_failed":13,"bytes":{"up":14,"down":15},"#
            + #""ftps":{"sessions":17,"used":18},"edits":2,"#
            + #""refused":{"malformed":6,"address-mismatch":0,"privileged-port":0,"unsolicited":0,"#
            + #""not-logged-in":0,"not-ftp":0,"pipelined":0,"table-full":0,"no-mapping":0,"forged":0,"too-many":0,"no-port":0,"not-allowed":0,"seq-adjusted":0,"ftps-limit":0},"#
            + #""unopened":{"unannounced":0,"long-line":0,"unended-reply":0,"ftps-unconfigured":0,"ftps-implicit":0,"ftps-port":0,"ftps-address":0},"#
            + #""errors":{"control-queue":0,"data-queue":0,"overrun":0,"find-connection":0,"find-route":0,"set-liberal":0,"#
            + #""create-connection":0,"open-pinhole":11,"close-pinhole":0,"emptied-set":0,"set-mark":0,"inject-packet":0,"kernel-helper":0,"#
            + #""state":0,"control-socket":0,"log":0,"conflicting-bytes":7},"rules":{"loaded":1,"repaired":19},"queue":{"waiting":8,"dropped":9}}"#
        #expect(report.json.text == expected)
    }

    @Test func `the metrics have every number of the other reports, and counters end in _total`() throws {
        let samples = report.metrics.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(samples.first == "pinhole_packets_total 10")
        #expect(samples.contains("pinhole_refused_total{reason=\"malformed\"} 6"))
        #expect(samples.contains("pinhole_errors_total{kind=\"open-pinhole\"} 11"))
        #expect(samples.contains("pinhole_blocked_total 20"))
        #expect(samples.contains("pinhole_transfers_total{result=\"failed\"} 13"))
        #expect(samples.contains("pinhole_transfer_bytes_total{direction=\"down\"} 15"))
        #expect(
            samples.contains("pinhole_ftps_sessions 17") && samples.contains("pinhole_ftps_used_total 18")
        )
        #expect(
            samples.contains("pinhole_rules_loaded 1") && samples.contains("pinhole_rules_repaired_total 19")
        )
        #expect(samples.last == "pinhole_queue_dropped_total 9")
        #expect(samples.count == report.text.split(separator: "\n").count)
        for line in report.metrics.split(separator: "\n") where line.hasPrefix("# TYPE") {
            #expect(line.hasSuffix("counter") == line.contains("_total "))
        }
        let silent = StatisticsReport(
            Statistics(),
            connections: 0,
            expectations: 0,
            transfers: 0,
            faults: [:],
            queue: nil
        )
        #expect(!silent.metrics.contains("pinhole_queue"))
    }

    @Test func `the report as text has a line for each number, aligned`() {
        let lines = report.text.split(separator: "\n")
        #expect(lines.first == "packets                     10")
        #expect(lines.contains("refused.malformed           6"))
        #expect(lines.contains("errors.conflicting-bytes    7"))
        #expect(lines.last == "queue.dropped               9")
        let names = Refusal.Reason.allCases.count + UnopenedReason.allCases.count + Fault.allCases.count
        #expect(lines.count == 16 + names + 1 + 2 + 2)
    }
}
