// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import PinholeDaemon

/// Requests of subcommands to the daemon.
enum DaemonClient {
    /// Sends a request, and copies the answer to standard output as it arrives.
    static func show(_ request: ControlRequest, _ arguments: Arguments) throws(UserError) {
        try ControlSocketClient.ask(request, at: arguments.socketPath) { piece throws(UserError) in
            do {
                try StandardOutput.write(piece)
            } catch {
                throw UserError("\(error)", hint: "check where standard output goes")
            }
        }
    }
}

extension Arguments {
    /// The path of the daemon's control socket.
    var socketPath: String { value(of: .socket) ?? Option.defaultSocketPath }

    /// The format of the daemon's answer.
    var format: ControlFormat { has(.json) ? .json : .text }
}
