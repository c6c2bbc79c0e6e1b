import Netfilter
import PinholeDaemon

/// What the subcommands share that ask the daemon something.
enum DaemonClient {
    /// Asks, and writes the answer to standard output as it comes.
    static func show(_ request: ControlRequest, _ arguments: Arguments) throws(Failure) {
        do {
            try ControlConnection.ask(request, at: arguments.socketPath) { piece throws(Obstacle) in
                do {
                    try StandardOutput.write(piece)
                } catch {
                    throw Obstacle("\(error)", mend: "see where the output goes")
                }
            }
        } catch {
            throw Failure(error)
        }
    }
}

extension Arguments {
    /// Where the daemon listens.
    var socketPath: String { value(of: .socket) ?? Option.defaultSocketPath }

    /// How the daemon is to write its answer.
    var format: ControlFormat { has(.json) ? .json : .text }
}

extension Failure {
    /// An obstacle as the command line tells it.
    init(_ obstacle: Obstacle) {
        self.init(obstacle.message, mend: obstacle.mend)
    }
}
