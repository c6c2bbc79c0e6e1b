// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import FirewallRules
import Formats
import Linux
import Messages
import Netfilter
import PinholeDaemon

/// `pinhole status`.
enum StatusCommand: Subcommand {
    static let name = "status"
    static let summary = "show in a few lines what the daemon does, and its last refusals"
    static let options: [Option] = [.json, .socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        let daemon = try ControlSocketClient.answer(.status, at: arguments.socketPath)
        // Only root can read the rules.
        let rules = Capabilities.contain(.networkAdministration) ? try LoadedRules.all() : nil
        if arguments.has(.json) {
            let member = JSON.Member("rules", rules.map { .array($0.map(\.json)) } ?? .null)
            return try StandardOutput.line(Escaping.harmless(JSON.object(daemon.members + [member]).text))
        }
        let status = StatusText(daemon, rules, socketPath: arguments.socketPath, now: Clock.wall())
        for line in status.lines(width: StandardOutput.isTerminal ? StandardOutput.columns : .max) {
            try StandardOutput.line(line)
        }
    }
}

extension LoadedRules {
    fileprivate var json: JSON {
        .object([
            JSON.Member("backend", .string(backend.rawValue)),
            JSON.Member("ports", .array(ports.map { .integer(UInt64($0)) })),
            JSON.Member("control", controlQueue.map { .integer(UInt64($0)) } ?? .null),
            JSON.Member("data", dataQueue.map { .integer(UInt64($0)) } ?? .null),
        ])
    }
}
