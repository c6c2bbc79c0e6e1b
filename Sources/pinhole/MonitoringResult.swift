// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Inspection
import Messages
import PinholeDaemon

/// The findings of `pinhole check` as a plugin for monitoring reports them (Monitoring Plugins Development Guidelines).
struct MonitoringResult {
    /// The exit status, and the word for it.
    enum Status: Int32 {
        case ok, warning, critical, unknown

        fileprivate var word: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }
    }

    let status: Status
    private let text: String
    /// `NAME=VALUE`, with a `c` behind counters.
    private let performance: [String]

    /// - Parameters:
    ///   - findings: all of them.
    ///   - mayLook: whether there was permission to look at everything.
    ///   - socketPath: where the daemon is asked for its figures; there are none if it does not answer.
    init(_ findings: [Finding], mayLook: Bool, socketPath: String) {
        let statistics = try? ControlSocketClient.answer(.statistics(.json), at: socketPath)
        self.init(findings, mayLook: mayLook, statistics: statistics)
    }

    init(_ findings: [Finding], mayLook: Bool, statistics: JSON?) {
        let failed = findings.filter { $0.grade == .failed }
        let worst = failed.isEmpty ? findings.filter { $0.grade == .warning } : failed
        status = !mayLook ? .unknown : !failed.isEmpty ? .critical : worst.isEmpty ? .ok : .warning
        // The bar begins the figures.
        let first = worst.first.map { "\($0.subject): \($0.hint)" }?.filter { $0 != "|" }
        text = Escaping.harmless([first, findings.summary].compactMap(\.self).joined(separator: "; "))
        guard let statistics else {
            performance = []
            return
        }
        let gauges = [
            ("sessions", "connections"), ("transfers", "transfers"), ("expectations", "expectations"),
        ]
        performance =
            gauges.map { "\($0.0)=\(statistics[$0.1]?.integer ?? 0)" }
            + ["blocked=\(statistics["blocked"]?.integer ?? 0)c"]
            + ["refused", "errors"].map { "\($0)=\(statistics[$0]?.sum ?? 0)c" }
    }

    /// `PINHOLE OK - 32 checks, all ok | sessions=3 transfers=1 ...`.
    var line: String {
        "PINHOLE \(status.word) - \(text)"
            + (performance.isEmpty ? "" : " | \(performance.joined(separator: " "))")
    }
}
