// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole disconnect`.
enum DisconnectCommand: Subcommand {
    static let name = "disconnect"
    static let summary = "end one session, for its client and its server"
    static let operands = ["ID"]
    static let options: [Option] = [.socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        let id = try arguments.operand(0).number(in: UInt32.min...UInt32.max)
        try DaemonClient.show(.disconnect(id), arguments)
    }
}
