// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole transfers`.
enum TransfersCommand: Subcommand {
    static let name = "transfers"
    static let summary = "list the transfers in progress"
    static let options: [Option] = [.json, .socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        try DaemonClient.show(.transfers(arguments.format), arguments)
    }
}
