// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole expectations`.
enum ExpectationsCommand: Subcommand {
    static let name = "expectations"
    static let summary = "list the data connections that were announced and not yet seen"
    static let options: [Option] = [.json, .socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        try DaemonClient.show(.expectations(arguments.format), arguments)
    }
}
