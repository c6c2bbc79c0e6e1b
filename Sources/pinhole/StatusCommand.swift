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
        let pair = PairText(besides: arguments.peerStatePath)
        let daemon: JSON
        do throws(UserError) {
            daemon = try ControlSocketClient.answer(.status, at: arguments.socketPath)
        } catch {
            guard let pair, pair.isStandingBy else { throw error }
            guard !arguments.has(.json) else {
                let members =
                    [JSON.Member("daemon", .null)]
                    + Self.surroundings(arguments.peerStatePath, try? LoadedRules.all())
                return try StandardOutput.line(Escaping.harmless(JSON.object(members).text))
            }
            for line in ["daemon: does not run, the other gateway is active"] + pair.lines {
                try StandardOutput.line(line)
            }
            return
        }
        // Only root can read the rules.
        let rules = Capabilities.contain(.networkAdministration) ? try LoadedRules.all() : nil
        if arguments.has(.json) {
            let members = daemon.members + surroundings(arguments.peerStatePath, rules)
            return try StandardOutput.line(Escaping.harmless(JSON.object(members).text))
        }
        let status = StatusText(
            daemon,
            rules,
            pair: pair?.lines ?? [],
            socketPath: arguments.socketPath,
            now: Clock.timeOfDay()
        )
        for line in status.lines(width: StandardOutput.isTerminal ? StandardOutput.columns : .max) {
            try StandardOutput.line(line)
        }
    }
}

extension StatusCommand {
    /// What is not the daemon's to say: the rules, `nil` if they cannot be read, and the other gateway of a pair.
    private static func surroundings(_ peerStatePath: String, _ rules: [LoadedRules]?) -> [JSON.Member] {
        [
            JSON.Member("rules", rules.map { .array($0.map(\.json)) } ?? .null),
            JSON.Member("pair", PeerStatus.read(besides: peerStatePath)?.json ?? .null),
        ]
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
