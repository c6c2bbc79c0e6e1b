// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import PinholeDaemon

/// The entry point: finds the subcommand, runs it, and reports errors.
@main
enum Pinhole {
    /// The version of the program, which is defined only here.
    static let version = "0.1.0"

    /// All subcommands, in the order of the help.
    static var commands: [any Command.Type] {
        [
            RunCommand.self, RulesCommand.self, CheckCommand.self, ExpectationsCommand.self,
            ConnectionsCommand.self, TransfersCommand.self, TopCommand.self,
            StatsCommand.self, MetricsCommand.self, ExporterCommand.self, EventsCommand.self,
            DeleteCommand.self, FlushCommand.self,
            ReloadCommand.self,
            ReplayCommand.self, VersionCommand.self,
        ]
    }

    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            StandardError.write("\(error)\n")
            exit(error.status.rawValue)
        }
    }

    private static func run(_ arguments: [String]) throws(UserError) {
        guard let first = arguments.first else {
            throw UserError("no subcommand", hint: "see pinhole --help", status: .usage)
        }
        switch first {
        case "--help": return try StandardOutput.line(help)
        case "--version": return try VersionCommand.run(try Arguments(parsing: [], for: VersionCommand.self))
        default: break
        }
        guard let command = commands.first(where: { $0.name == first }) else {
            let kind = first.hasPrefix("-") ? "option" : "subcommand"
            throw UserError("unknown \(kind) '\(first)'", hint: "see pinhole --help", status: .usage)
        }
        let parsed = try Arguments(parsing: Array(arguments.dropFirst()), for: command)
        if parsed.has(.help) { return try StandardOutput.line(command.help) }
        try command.run(parsed)
    }

    private static var help: String {
        """
        usage: pinhole SUBCOMMAND [OPTIONS]

        carry FTP through a firewall or NAT gateway

        \(Help.table(commands.map { ($0.name, $0.summary) }))

        See 'pinhole SUBCOMMAND --help' for its options.
        """
    }
}
