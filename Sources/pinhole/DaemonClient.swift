import Linux
import PinholeDaemon

/// What the subcommands share that ask the daemon something.
enum DaemonClient {
    /// Asks, and writes the answer to standard output as it comes.
    static func show(_ request: ControlRequest, _ arguments: Arguments) throws(UserError) {
        try ControlSocketClient.ask(request, at: arguments.socketPath) { piece throws(UserError) in
            do {
                try StandardOutput.write(piece)
            } catch {
                throw UserError("\(error)", hint: "see where the output goes")
            }
        }
    }
}

extension Arguments {
    /// Where the daemon listens.
    var socketPath: String { value(of: .socket) ?? Option.defaultSocketPath }

    /// How the daemon is to write its answer.
    var format: ControlFormat { has(.json) ? .json : .text }
}
