// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
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
        try DaemonClient.show(.events(try format(arguments)), arguments)
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
