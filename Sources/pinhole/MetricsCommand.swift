// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Messages
import PinholeDaemon

/// `pinhole metrics`.
enum MetricsCommand: Subcommand {
    static let name = "metrics"
    static let summary = "show the counters in the format of Prometheus"
    static let options: [Option] = [.socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        try DaemonClient.show(.metrics, arguments)
    }
}
