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
            StatusCommand.self, CheckCommand.self, RulesCommand.self,
            ConnectionsCommand.self, ExpectationsCommand.self, TransfersCommand.self,
            RefusalsCommand.self, TraceCommand.self, TopCommand.self, EventsCommand.self,
            StatsCommand.self, MetricsCommand.self, ExporterCommand.self,
            SyncCommand.self, DisconnectCommand.self, DeleteCommand.self, FlushCommand.self,
            ReloadCommand.self,
            ReplayCommand.self, VersionCommand.self,
        ]
    }

    static func main() {
        do throws(UserError) {
            guard !Program.words.isEmpty else { Program.end(showing: help) }
            try run(Program.words)
        } catch {
            Program.end("pinhole", with: error)
        }
    }

    private static func run(_ arguments: [String]) throws(UserError) {
        let first = arguments[0]
        switch first {
        case "help" where arguments.count == 2:
            return try command(named: arguments[1]).run(parsing: ["--help"])
        case "--help", "-h", "help": return try StandardOutput.line(help)
        case "--version": return try VersionCommand.run(parsing: [])
        case "run":
            throw UserError(
                "the subcommand run was removed",
                hint: "start the daemon with pinholed, which has the same options",
                status: .usage
            )
        default: try command(named: first).run(parsing: Array(arguments.dropFirst()))
        }
    }

    private static func command(named name: String) throws(UserError) -> any Subcommand.Type {
        if let command = commands.first(where: { $0.name == name }) { return command }
        let kind = name.hasPrefix("-") ? "option" : "subcommand"
        let nearest = Spelling.nearest(to: name, among: commands.map { $0.name } + ["--help", "--version"])
        let guess = nearest.map { "did you mean pinhole \($0)? " } ?? ""
        throw UserError("unknown \(kind) '\(name)'", hint: "\(guess)see pinhole --help", status: .usage)
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
