import PinholeDaemon

/// `pinhole events`.
enum EventsCommand: Command {
    static let name = "events"
    static let summary = "show what happens as it happens, until interrupted"
    static let options: [Option] = [.json, .socket]

    static func run(_ arguments: Arguments) throws(Failure) {
        try DaemonClient.show(.events(arguments.format), arguments)
    }
}
