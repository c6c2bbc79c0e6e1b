// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole connections`.
enum ConnectionsCommand: Subcommand {
    static let name = "connections"
    static let summary = "list the sessions that are followed"
    static let options: [Option] = [.json, .socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        try DaemonClient.show(.connections(arguments.format), arguments)
    }
}
