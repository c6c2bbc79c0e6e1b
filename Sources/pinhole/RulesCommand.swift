// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import FirewallRules
import Linux
import Messages
import Netfilter
import PinholeDaemon

/// `pinhole rules`.
enum RulesCommand: Subcommand {
    static let name = "rules"
    static let summary = "load, watch, unload or print the rules that queue packets"
    static let operands = ["load|watch|unload|print|create-sets"]
    static let options = [.ports, .queues, ftps, synproxy, .bypassMark, bypass, backend, .socket]

    private static let ftps = Option("ftps", nil, "queue SYNs of clients with an encrypted session")
    private static let synproxy = Option(
        "synproxy",
        nil,
        "show SYN-ACKs of data connections to the daemon"
    )
    private static let bypass = Option(
        "bypass",
        nil,
        "let packets pass while no daemon runs"
    )
    private static let backend = Option(
        "backend",
        "nft|iptables",
        "backend of the rules (as loaded, or as fits)"
    )

    static func run(_ arguments: Arguments) throws(UserError) {
        let rules = try RuleSet(
            ports: arguments.given(.ports)?.numbers(in: 1...UInt16.max) ?? [21],
            queues: arguments.given(.queues)?.queueNumbers() ?? QueueNumbers(),
            asksForFTPS: arguments.has(ftps),
            sparesSynproxy: arguments.has(synproxy),
            releaseMark: arguments.given(.bypassMark)?.bypassMark() ?? nil,
            isBypassing: arguments.has(bypass)
        )
        let backend = try arguments.given(backend)?.word(of: PinholeSet.Backend.self)
        switch arguments.operands[0] {
        case "load":
            try requirePermission()
            // Before the rules queue packets: the daemon has not seen the logins of established sessions. The request may fail,
            // because a daemon that starts later finds these sessions itself.
            try? ControlSocketClient.ask(.survey, at: arguments.socketPath) { _ in }
            try rules.load(with: backend)
        case "watch":
            try requirePermission()
            try RulesWatch.run(rules, backend, socketPath: arguments.socketPath)
        case "unload":
            try requirePermission()
            try RuleSet.unload(with: backend)
        case "create-sets":
            try requirePermission()
            for name in try Installation.createSets(SavedFirewall.all.neededSets) {
                try StandardOutput.line("created \(name)")
            }
        case "print": try StandardOutput.line(rules.text(for: backend ?? BackendChoice(for: rules).backend))
        case let other:
            throw UserError(
                "unknown operand '\(other)'",
                hint: "use load, watch, unload, print or create-sets",
                status: .usage
            )
        }
    }

    private static func requirePermission() throws(UserError) {
        guard Capabilities.contain(.networkAdministration) else {
            throw UserError(
                "no permission to change the firewall",
                hint: "run it as root, or with CAP_NET_ADMIN"
            )
        }
    }
}
