// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Formats
import Linux
import Messages
import PinholeDaemon

/// `pinhole events`.
enum EventsCommand: Subcommand {
    static let name = "events"
    static let summary = "show events as they happen, until interrupted"
    static let options: [Option] = [format, .json, .socket]

    private static let format = Option(
        "format",
        "FORMAT",
        "text, json, or xferlog for transfers (text)"
    )

    static func run(_ arguments: Arguments) throws(UserError) {
        let format = try format(arguments)
        try ControlSocketClient.follow(format, at: arguments.socketPath) { () throws(UserError) in
            StandardError.write("pinhole: the daemon has ended: events go on with the next one\n")
        } restarted: { () throws(UserError) in
            if let line = notice(of: "restarted", format) { try StandardOutput.line(line) }
        } receive: { piece throws(UserError) in
            try DaemonClient.write(piece)
        }
    }

    /// A line beside those of the daemon; `nil` where the format has none for it.
    private static func notice(of event: String, _ format: EventFormat) -> String? {
        switch format {
        case .text: "\(Clock.timestamp(Clock.timeOfDay())) \(event)"
        case .json:
            JSON.object([
                JSON.Member("time", .number((Clock.timeOfDay() * 1000).rounded() / 1000)),
                JSON.Member("event", .string(event)),
            ]).text
        case .xferlog: nil
        }
    }

    private static func format(_ arguments: Arguments) throws(UserError) -> EventFormat {
        guard let value = arguments.given(format) else { return arguments.has(.json) ? .json : .text }
        let format = try value.word(of: EventFormat.self)
        guard !arguments.has(.json) || format == .json else {
            throw usage("--json and --format \(format.rawValue) exclude each other")
        }
        return format
    }
}
