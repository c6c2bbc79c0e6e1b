// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Linux
import Messages
import PinholeDaemon

/// `pinholed`, the daemon.
@main
enum Pinholed: Command {
    static let invocation = "pinholed"
    static let summary = "follow FTP connections in the foreground, until a signal ends it"
    static let options = [.config, checkConfig, storeSockets, version] + Key.ofDaemon.map(\.option)

    private static let checkConfig = Option(
        "check-config",
        nil,
        "report errors in the configuration, and exit"
    )
    private static let storeSockets = Option(
        "store-sockets",
        nil,
        "hand the raw sockets to the service manager, exit"
    )
    private static let version = Option("version", nil, "show the version")

    static func main() {
        do throws(UserError) {
            try run(parsing: Program.words)
        } catch {
            Program.end(invocation, with: error)
        }
    }

    static func run(_ arguments: Arguments) throws(UserError) {
        guard !arguments.has(version) else {
            return try StandardOutput.line("\(invocation) \(Program.version)")
        }
        guard !arguments.has(storeSockets) else {
            return try Daemon.storeSockets()
        }
        let configuration = Configuration(arguments)
        let settings = try configuration.settings()
        guard !arguments.has(checkConfig) else {
            for warning in settings.warnings {
                StandardError.write("\(invocation): warning: \(warning.message): \(warning.hint)\n")
            }
            return
        }
        let file = ConfigurationFile(
            at: configuration.path,
            mayBeMissing: configuration.mayBeMissing
        ) { text throws(UserError) in try configuration.settings(by: text) }
        var daemon = try Daemon.start(settings, file, version: Program.version)
        daemon.run()
    }
}
