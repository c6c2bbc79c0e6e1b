import FTPHelper
import PinholeDaemon

/// `pinhole run`.
enum RunCommand: Command {
    static let name = "run"
    static let summary = "follow FTP connections in the foreground, until a signal ends it"
    static let options = [
        .queues, .socket, state, user, timeout, loose, strict, privileged, connections, logLevel,
    ]

    private static let state = Option(
        "state",
        "PATH",
        "what the next daemon goes on with (\(Settings(socketPath: Option.defaultSocketPath).statePath))"
    )
    private static let user = Option(
        "user",
        "NAME",
        "whom to become once started (\(Settings.usualUser), where there is one)"
    )
    private static let timeout = Option(
        "timeout",
        "SECONDS",
        "close an expectation that nobody used after so long (300)"
    )
    private static let loose = Option("loose", nil, "honour advertised addresses that are not the sender's")
    private static let strict = Option("strict", nil, "end connections that try what no client does")
    private static let privileged = Option("allow-privileged-ports", nil, "open ports below 1024 too")
    private static let connections = Option(
        "max-connections",
        "N",
        "follow so many control connections at once (65536)"
    )
    private static let logLevel = Option("log-level", "LEVEL", "error, warning, info or debug (info)")

    /// `IPSET_MAX_TIMEOUT`: what the pinhole sets take.
    private static let maximumTimeout: UInt32 = 2_147_483

    static func run(_ arguments: Arguments) throws(Failure) {
        var settings = Settings(socketPath: arguments.socketPath)
        if let path = arguments.value(of: state) { settings.statePath = path }
        let queues = try QueueNumbers(arguments)
        settings.controlQueue = queues.control
        settings.dataQueue = queues.data
        settings.user = arguments.value(of: user)
        if let seconds = try arguments.number(of: timeout, in: 1...maximumTimeout) {
            settings.policy.timeout = seconds
        }
        if let count = try arguments.number(of: connections, in: 1...1_000_000) {
            settings.policy.maximumConnections = count
        }
        settings.policy.isLoose = arguments.has(loose)
        settings.policy.isStrict = arguments.has(strict)
        settings.policy.allowsPrivilegedPorts = arguments.has(privileged)
        if let word = arguments.value(of: logLevel) {
            guard let level = LogLevel(rawValue: word) else {
                throw usage("'\(word)' is none of error, warning, info, debug")
            }
            settings.logLevel = level
        }
        do {
            var daemon = try Daemon.start(settings)
            daemon.run()
        } catch {
            throw Failure(error)
        }
    }
}
