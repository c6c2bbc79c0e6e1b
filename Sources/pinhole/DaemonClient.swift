// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Linux
import Messages
import PinholeDaemon

/// Requests of subcommands to the daemon.
enum DaemonClient {
    /// Sends a request, and copies the answer to standard output as it arrives.
    static func show(_ request: ControlRequest, _ arguments: Arguments) throws(UserError) {
        try ControlSocketClient.ask(request, at: arguments.socketPath) { piece throws(UserError) in
            try write(piece)
        }
    }

    /// Writes a piece of an answer to standard output.
    static func write(_ piece: ArraySlice<UInt8>) throws(UserError) {
        do {
            try StandardOutput.write(piece)
        } catch {
            throw UserError("\(error)", hint: "check where standard output goes")
        }
    }
}

extension Arguments {
    /// The format of the daemon's answer.
    var format: ControlFormat { has(.json) ? .json : .text }
}
