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
    static let options = [.config] + Key.ofRules.map(\.option)

    static func run(_ arguments: Arguments) throws(UserError) {
        switch arguments.operands[0] {
        case "load": try load(Configuration(arguments).settings())
        case "watch":
            try requirePermission()
            let configuration = Configuration(arguments)
            try RulesWatch.run { () throws(UserError) in try configuration.settings() }
        case "unload":
            // Rules can be unloaded whatever the configuration is, of every backend unless the command line names one.
            try requirePermission()
            try RuleSet.unload(with: arguments.given(.backend)?.word(of: PinholeSet.Backend.self))
        case "print":
            let settings = try Configuration(arguments).settings()
            let rules = RuleSet(settings)
            let backend = settings.backend ?? BackendChoice(for: rules).backend
            try StandardOutput.line(rules.text(for: backend))
        case "create-sets":
            try requirePermission()
            for name in try Installation.createSets(SavedFirewall.all.neededSets) {
                try StandardOutput.line("created \(name)")
            }
        case let other:
            throw UserError(
                "unknown operand '\(other)'",
                hint: "use load, watch, unload, print or create-sets",
                status: .usage
            )
        }
    }

    private static func load(_ settings: Settings) throws(UserError) {
        try requirePermission()
        let rules = RuleSet(settings)
        // Before the rules queue packets: the daemon has not seen the logins of established sessions. One that starts later
        // finds these sessions itself.
        let wasLoaded = rules.isLoaded
        let hasDaemon = tell(wasLoaded ? .status : .survey, settings)
        if hasDaemon, QueueBinding.areVisible {
            let bound = QueueBinding.all.map(\.queue)
            guard settings.queues.all.allSatisfy(bound.contains) else {
                throw UserError(
                    "the daemon at \(settings.socketPath) does not have the queues \(settings.queues)",
                    hint: "restart it with this configuration"
                )
            }
        }
        // The next daemon puts into the sets of another backend what was open.
        try rules.load(with: settings.backend, replacesOther: !hasDaemon)
        guard !wasLoaded else { return }
        RulesLoadingTime.write(besides: settings.statePath, at: Clock.now())
        _ = tell(.rules(.loaded), settings)
    }

    /// Sends a request to the daemon; `false` if none answers.
    private static func tell(_ request: ControlRequest, _ settings: Settings) -> Bool {
        (try? ControlSocketClient.ask(request, at: settings.socketPath) { _ in }) != nil
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
