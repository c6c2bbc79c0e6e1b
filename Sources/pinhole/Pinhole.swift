// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Linux
import Messages

/// The entry point: finds the subcommand and runs it.
@main
enum Pinhole {
    /// All subcommands, in the order of the help.
    static var commands: [any Subcommand.Type] {
        [
            RulesCommand.self, CheckCommand.self, ExpectationsCommand.self,
            ConnectionsCommand.self, TransfersCommand.self, TopCommand.self,
            StatsCommand.self, MetricsCommand.self, ExporterCommand.self, EventsCommand.self,
            DeleteCommand.self, FlushCommand.self,
            ReloadCommand.self,
            ReplayCommand.self, VersionCommand.self,
        ]
    }

    static func main() {
        do throws(UserError) {
            try run(Program.words)
        } catch {
            Program.end("pinhole", with: error)
        }
    }

    private static func run(_ arguments: [String]) throws(UserError) {
        guard let first = arguments.first else {
            throw UserError("no subcommand", hint: "see pinhole --help", status: .usage)
        }
        switch first {
        case "--help": return try StandardOutput.line(help)
        case "--version": return try VersionCommand.run(parsing: [])
        case "run":
            throw UserError(
                "the daemon is a program of its own",
                hint: "start it with pinholed, which takes the options that run had",
                status: .usage
            )
        default: break
        }
        guard let command = commands.first(where: { $0.name == first }) else {
            let kind = first.hasPrefix("-") ? "option" : "subcommand"
            throw UserError("unknown \(kind) '\(first)'", hint: "see pinhole --help", status: .usage)
        }
        try command.run(parsing: Array(arguments.dropFirst()))
    }

    private static var help: String {
        """
        usage: pinhole SUBCOMMAND [OPTIONS]

        set up and watch pinholed, which carries FTP through a firewall or NAT gateway

        \(Help.table(commands.map { ($0.name, $0.summary) }))

        See 'pinhole SUBCOMMAND --help' for its options, 'pinholed --help' for those
        of the daemon.
        """
    }
}
