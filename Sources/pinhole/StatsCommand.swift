// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole stats`.
enum StatsCommand: Subcommand {
    static let name = "stats"
    static let summary = "show the counters since the daemon started"
    static let options: [Option] = [.json, .socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        try DaemonClient.show(.statistics(arguments.format), arguments)
    }
}
