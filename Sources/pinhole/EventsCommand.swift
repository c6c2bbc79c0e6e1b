import PinholeDaemon

/// `pinhole events`.
enum EventsCommand: Command {
    static let name = "events"
    static let summary = "show what happens as it happens, until interrupted"
    static let options: [Option] = [format, .json, .socket]

    private static let format = Option(
        "format",
        "FORMAT",
        "text, json, or transfers of files as xferlog (text)"
    )

    static func run(_ arguments: Arguments) throws(UserError) {
        try DaemonClient.show(.events(try format(arguments)), arguments)
    }

    private static func format(_ arguments: Arguments) throws(UserError) -> EventFormat {
        guard let word = arguments.value(of: format) else { return arguments.has(.json) ? .json : .text }
        guard let format = EventFormat(rawValue: word) else {
            throw usage(
                "'\(word)' is none of \(EventFormat.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        guard !arguments.has(.json) || format == .json else {
            throw usage("--json and --format \(word) do not go together")
        }
        return format
    }
}
