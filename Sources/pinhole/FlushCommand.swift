// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole flush`.
enum FlushCommand: Subcommand {
    static let name = "flush"
    static let summary = "close every expectation"
    static let options: [Option] = [.socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        try DaemonClient.show(.flush, arguments)
    }
}
