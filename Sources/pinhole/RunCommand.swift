import FTPHelper
import Linux
import Netfilter
import PinholeDaemon

/// `pinhole run`.
enum RunCommand: Command {
    static let name = "run"
    static let summary = "follow FTP connections in the foreground, until a signal ends it"
    static let options = [config, checkConfig, storeSockets] + keys

    /// The options that are keys of the configuration file, too.
    static let keys: [Option] = [
        .queues, .socket, state, user, timeout, loose, strict, privileged, active, passive, natPorts, proxy,
        ftps, implicitTLS, .bypassMark, dataMark, connections, clientConnections, logLevel,
    ]
    /// The keys that a server may have values of its own for.
    static let serverKeys = [timeout, loose, strict, privileged, active, passive, natPorts, proxy] + ftpsKeys
    /// The keys that only a server has.
    static let ftpsKeys = [ftpsPorts, ftpsActive, ftpsMaximum]

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
    private static let storeSockets = Option(
        "store-sockets",
        nil,
        "leave the raw sockets with the service manager, and end"
    )
    private static let state = Option(
        "state",
        "PATH",
        "what the next daemon goes on with (\(Settings(socketPath: Option.defaultSocketPath).statePath))"
    )
    private static let user = Option(
        "user",
        "NAME",
        "the user to run as after startup (\(Settings.usualUser), where there is one)"
    )
    private static let timeout = Option(
        "timeout",
        "SECONDS",
        "close an expectation that nobody used after so long (300)"
    )
    private static let loose = Option("loose", nil, "honour advertised addresses that are not the sender's")
    private static let strict = Option("strict", nil, "end connections that try what no client does")
    private static let privileged = Option("allow-privileged-ports", nil, "open ports below 1024 too")
    private static let active = Option(
        "active",
        "YES/NO",
        "let PORT, EPRT and LPRT of clients open anything (yes)"
    )
    private static let passive = Option(
        "passive",
        "YES/NO",
        "let a server's 227, 228 and 229 open anything (yes)"
    )
    private static let natPorts = Option(
        "nat-ports",
        "FIRST-LAST",
        "what NAT may lend where an announced port is taken (1024-65535)"
    )
    private static let proxy = Option(
        "proxy-protocol",
        nil,
        "let clients announce the address in their PROXY header"
    )
    private static let ftps = Option(
        "ftps",
        "SERVER=PORTS,...",
        "let clients reach these ports of a server during encrypted sessions with it"
    )
    private static let implicitTLS = Option(
        "implicit-tls",
        "PORT,...",
        "the ports on which TLS begins with the first byte (none)"
    )
    private static let ftpsPorts = Option(
        "ftps-ports",
        "PORTS",
        "the ports for data connections of encrypted sessions"
    )
    private static let ftpsActive = Option(
        "ftps-active",
        nil,
        "let the server open data connections of encrypted sessions, too"
    )
    private static let ftpsMaximum = Option(
        "ftps-max",
        "N",
        "data connections of an encrypted session at once (10)"
    )
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
    private static let clientConnections = Option(
        "max-client-connections",
        "N",
        "follow so many of one client (a quarter of --max-connections)"
    )
    private static let logLevel = Option("log-level", "LEVEL", "error, warning, info or debug (info)")

    /// `IPSET_MAX_TIMEOUT`: what the pinhole sets take.
    private static let maximumTimeout: UInt32 = 2_147_483

    static func run(_ arguments: Arguments) throws(UserError) {
        guard !arguments.has(storeSockets) else {
            return try Daemon.storeSockets()
        }
        let configuration = Configuration(at: arguments.value(of: config), arguments)
        let settings = try configuration.settings()
        guard !arguments.has(checkConfig) else {
            for warning in settings.warnings {
                StandardError.write("pinhole: warning: \(warning.message): \(warning.hint)\n")
            }
            return
        }
        let file = ConfigurationFile(at: configuration.path) { text throws(UserError) in
            try configuration.settings(by: text)
        }
        var daemon = try Daemon.start(settings, file)
        daemon.run()
    }

    /// Changes the settings as the command line, or one line of a file, says.
    static func apply(_ arguments: Arguments, to settings: inout Settings) throws(UserError) {
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
        if let isOn = try arguments.flag(of: active) { settings.policy.rules.allowsActive = isOn }
        if let isOn = try arguments.flag(of: passive) { settings.policy.rules.allowsPassive = isOn }
        if let text = arguments.value(of: natPorts) {
            settings.policy.rules.natPorts = try range(text[...], of: natPorts)
        }
        if let isOn = try arguments.flag(of: proxy) { settings.policy.rules.trustsProxyHeader = isOn }
        try applyFTPS(arguments, to: &settings)
        if arguments.has(.bypassMark) { settings.releaseMark = try ConnectionMark(releasing: arguments) }
        if let mark = try ConnectionMark(dataMark, of: arguments) { settings.dataMark = mark }
        if let count = try arguments.number(of: connections, in: 1...1_000_000) {
            settings.policy.maximumConnections = count
        }
        if let count = try arguments.number(of: clientConnections, in: 1...1_000_000) {
            settings.policy.maximumClientConnections = count
        }
        if let word = arguments.value(of: logLevel) {
            guard let level = LogLevel(rawValue: word) else {
                throw usage("'\(word)' is none of error, warning, info, debug")
            }
            settings.logLevel = level
        }
    }

    /// The same of what is said of encrypted sessions.
    private static func applyFTPS(_ arguments: Arguments, to settings: inout Settings) throws(UserError) {
        if let text = arguments.value(of: ftps) {
            settings.ftpsServers = []
            for part in text == "none" ? [] : text.split(separator: ",", omittingEmptySubsequences: false) {
                let sides = part.split(separator: "=", omittingEmptySubsequences: false)
                guard sides.count == 2, let prefix = AddressPrefix(parsing: Array(sides[0].utf8).span) else {
                    throw usage("ftps: '\(part)' is not SERVER=PORTS")
                }
                settings.ftpsServers.append((prefix, try range(sides[1], of: ftps)))
            }
        }
        if arguments.value(of: implicitTLS) == "none" {
            settings.policy.implicitTLSPorts = []
        } else if let ports: [UInt16] = try arguments.numbers(of: implicitTLS, in: 1...UInt16.max) {
            settings.policy.implicitTLSPorts = ports
        }
        if let text = arguments.value(of: ftpsPorts) {
            settings.policy.rules.ftpsPorts = try range(text[...], of: ftpsPorts)
        }
        if let isOn = try arguments.flag(of: ftpsActive) { settings.policy.rules.allowsActiveFTPS = isOn }
        if let count = try arguments.number(of: ftpsMaximum, in: 1...1000) {
            settings.policy.rules.maximumFTPSConnections = count
        }
    }

    /// Reads `FIRST-LAST`, or one port.
    private static func range(_ text: Substring, of option: Option) throws(UserError) -> ClosedRange<UInt16> {
        let ports = text.split(separator: "-", omittingEmptySubsequences: false).map { word in
            word.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt16(word) : nil
        }
        guard (1...2).contains(ports.count), let first = ports[0], let last = ports[ports.count - 1],
            first >= 1024,
            first <= last
        else {
            throw UserError(
                "\(option.name): '\(text)' is no range of ports",
                hint: "give FIRST-LAST, from 1024 to 65535",
                status: .usage
            )
        }
        return first...last
    }
}
