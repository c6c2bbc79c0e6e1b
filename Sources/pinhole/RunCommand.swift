// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Linux
import Messages
import PinholeDaemon

/// `pinhole run`.
enum RunCommand: Subcommand {
    static let name = "run"
    static let summary = "follow FTP connections in the foreground, until a signal ends it"
    static let options = [Option.config, checkConfig, storeSockets] + Key.general.map(\.option)

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

    static func run(_ arguments: Arguments) throws(UserError) {
        guard !arguments.has(storeSockets) else {
            return try Daemon.storeSockets()
        }
        let configuration = Configuration(at: arguments.value(of: .config), arguments)
        let settings = try configuration.settings()
        guard !arguments.has(checkConfig) else {
            for warning in settings.warnings {
                StandardError.write("pinhole: warning: \(warning.message): \(warning.hint)\n")
            }
            return
        }
        let file = ConfigurationFile(at: configuration.path) { text throws(UserError) in
            try configuration.settings(by: text)
        }
        var daemon = try Daemon.start(settings, file)
        daemon.run()
    }
}
