// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole delete`.
enum DeleteCommand: Subcommand {
    static let name = "delete"
    static let summary = "close one expectation"
    static let operands = ["ID"]
    static let options: [Option] = [.socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        let id = try arguments.operand(0).number(in: UInt64.min...UInt64.max)
        try DaemonClient.show(.delete(id), arguments)
    }
}
