import FTPHelper
import Netfilter
import PinholeDaemon

/// `pinhole run`.
enum RunCommand: Command {
    static let name = "run"
    static let summary = "follow FTP connections in the foreground, until a signal ends it"
    static let options = [config, checkConfig] + keys

    /// The options that are keys of the configuration file, too.
    static let keys: [Option] = [
        .queues, .socket, state, user, timeout, loose, strict, privileged, dataMark, connections, logLevel,
    ]
    /// The keys that a server may have values of its own for.
    static let serverKeys = [timeout, loose, strict, privileged]

    static let config = Option(
        "config",
        "PATH",
        "read the configuration from there (\(Configuration.usualPath), where it is)"
    )
    private static let checkConfig = Option(
        "check-config",
        nil,
        "say what is wrong with the configuration, and end"
    )
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
    private static let dataMark = Option(
        "data-mark",
        "VALUE[/MASK]",
        "what data connections have on top of the control connection's connmark"
    )
    private static let connections = Option(
        "max-connections",
        "N",
        "follow so many control connections at once (65536)"
    )
    private static let logLevel = Option("log-level", "LEVEL", "error, warning, info or debug (info)")

    /// `IPSET_MAX_TIMEOUT`: what the pinhole sets take.
    private static let maximumTimeout: UInt32 = 2_147_483

    static func run(_ arguments: Arguments) throws(Failure) {
        let configuration = Configuration(at: arguments.value(of: config), arguments)
        let settings = try configuration.settings()
        guard !arguments.has(checkConfig) else { return }
        let file = ConfigurationFile(at: configuration.path) { text throws(ConfigurationError) in
            do throws(Failure) {
                return try configuration.settings(by: text)
            } catch {
                throw ConfigurationError(error.obstacles)
            }
        }
        do {
            var daemon = try Daemon.start(settings, file)
            daemon.run()
        } catch {
            throw Failure(error)
        }
    }

    /// Changes the settings as the command line, or one line of a file, says.
    static func apply(_ arguments: Arguments, to settings: inout Settings) throws(Failure) {
        if arguments.has(.queues) {
            let queues = try QueueNumbers(arguments)
            settings.controlQueue = queues.control
            settings.dataQueue = queues.data
        }
        if let path = try arguments.path(of: .socket) { settings.socketPath = path }
        if let path = try arguments.path(of: state) { settings.state = path }
        if let name = arguments.value(of: user) { settings.user = name }
        if let seconds = try arguments.number(of: timeout, in: 1...maximumTimeout) {
            settings.policy.rules.timeout = seconds
        }
        if let isOn = try arguments.flag(of: loose) { settings.policy.rules.isLoose = isOn }
        if let isOn = try arguments.flag(of: strict) { settings.policy.rules.isStrict = isOn }
        if let isOn = try arguments.flag(of: privileged) {
            settings.policy.rules.allowsPrivilegedPorts = isOn
        }
        if let text = arguments.value(of: dataMark) {
            guard let mark = ConnectionMark(parsing: text) else {
                throw Failure(
                    "'\(text)' is no mark",
                    mend: "give VALUE or VALUE/MASK, decimal or behind 0x, without bits beyond the mask",
                    status: .usage
                )
            }
            settings.dataMark = mark
        }
        if let count = try arguments.number(of: connections, in: 1...1_000_000) {
            settings.policy.maximumConnections = count
        }
        if let word = arguments.value(of: logLevel) {
            guard let level = LogLevel(rawValue: word) else {
                throw usage("'\(word)' is none of error, warning, info, debug")
            }
            settings.logLevel = level
        }
    }
}
