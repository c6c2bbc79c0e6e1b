// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import FirewallRules
import Formats
import Netfilter
import PinholeDaemon

/// The text of `pinhole status`, in the manner of `wg show`.
struct StatusText {
    private let daemon: JSON
    /// `nil` if they cannot be read.
    private let rules: [LoadedRules]?
    /// Lines about the other gateway.
    private let pair: [String]
    private let socketPath: String
    /// The services of the machine.
    private let instances: [ServiceInstance]
    /// Seconds since the epoch.
    private let now: Double

    init(_ daemon: JSON, _ rules: [LoadedRules]?, pair: [String] = [], socketPath: String, now: Double) {
        self.daemon = daemon
        self.rules = rules
        self.pair = pair
        self.socketPath = socketPath
        instances = ServiceInstance.all
        self.now = now
    }

    /// The lines, of which only hints are wrapped.
    func lines(width: Int) -> [String] {
        let uptime = ShortForm.duration(daemon["uptime"]?.double ?? 0)
        let queues = daemon["queues"]
        var lines = [
            "daemon: version \(text("version")), process \(number("process")), up \(uptime)",
            "  socket: \(socketPath)\(instanceText)",
            "  backend: \(text("backend")), queues \(number("control", queues)) and \(number("data", queues))",
            "  rules: \(rulesText)",
        ]
        lines += pair
        lines += [
            "  sessions: \(number("sessions")), of which \(number("ftps_sessions")) open FTPS ports; "
                + "\(number("sessions_total")) since the start",
            "  transfers: \(number("transfers")); \(number("transfers_completed")) complete, "
                + "\(number("transfers_failed")) failed",
            "  expectations: \(number("expectations")); \(number("expectations_used")) used, "
                + "\(number("expectations_expired")) expired",
            "  errors: \(number("errors"))",
            "  blocked: \(number("blocked"))",
            "  refused: \(number("refused"))",
        ]
        for refusal in daemon["refusals"]?.elements ?? [] {
            let ago = ShortForm.duration(now - (refusal["time"]?.double ?? now))
            lines.append(
                "    \(ago) ago, \(ListRow.reason(of: refusal)), \(text("client", refusal)) to "
                    + "\(text("server", refusal)): \(ListRow.line(of: refusal))"
            )
            lines += Help.wrapped(text("explanation", refusal), width: max(20, min(width, 100) - 6)).map {
                "      \($0)"
            }
        }
        return lines
    }

    /// Which of several services this is.
    private var instanceText: String {
        let others = instances.filter { $0.socketPath != socketPath }
        guard let own = instances.first(where: { $0.socketPath == socketPath }),
            own.namespace != nil || !others.isEmpty
        else { return "" }
        let places = others.map { "\($0.place) (\($0.socketPath))" }.joined(separator: ", ")
        return ", of \(own.place)\(others.isEmpty ? "" : "; others: \(places)")"
    }

    private var rulesText: String {
        guard let rules else { return "unknown, only root can read them" }
        guard !rules.isEmpty else { return "not loaded; load them with: pinhole rules load" }
        return rules.map { rules in
            let ports = rules.ports.map(String.init).joined(separator: ", ")
            let queues = [rules.controlQueue, rules.dataQueue].map { $0.map(String.init) ?? "none" }
            return
                "\(rules.backend.rawValue), port \(ports) to queue \(queues[0]), data to queue \(queues[1])"
        }.joined(separator: "; ") + rulesAge
    }

    /// Since when the rules are loaded, and how often they were put back.
    private var rulesAge: String {
        let age = daemon["rules_age"]?.double.map { "loaded \(ShortForm.duration($0)) ago" }
        let repairs =
            switch daemon["rules_repaired"]?.integer ?? 0 {
            case 0: ""
            case 1: ", put back once"
            case let count: ", put back \(count) times"
            }
        return ", \(age ?? "loaded before the daemon")\(repairs)"
    }

    private func text(_ name: String, _ object: JSON? = nil) -> String {
        (object ?? daemon)[name]?.string ?? ""
    }

    private func number(_ name: String, _ object: JSON? = nil) -> String {
        (object ?? daemon)[name]?.integer.map { "\($0)" } ?? "-"
    }
}
