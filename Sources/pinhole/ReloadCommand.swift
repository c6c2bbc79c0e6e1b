// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole reload`.
enum ReloadCommand: Subcommand {
    static let name = "reload"
    static let summary = "make the daemon read its configuration again"
    static let options: [Option] = [.socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        try DaemonClient.show(.reload, arguments)
    }
}
