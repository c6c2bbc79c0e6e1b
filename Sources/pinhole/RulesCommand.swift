import Netfilter

/// `pinhole rules`.
enum RulesCommand: Command {
    static let name = "rules"
    static let summary = "load, unload or print the firewall rules that bring packets to the daemon"
    static let operands = ["load|unload|print"]
    static let options = [.ports, .queues, ftps, .ftpsMark, bypass]

    private static let ftps = Option("ftps", nil, "ask the daemon about data connections of FTPS, too")
    private static let bypass = Option(
        "bypass",
        nil,
        "let packets pass while no daemon listens"
    )

    static func run(_ arguments: Arguments) throws(Failure) {
        let rules = try RuleSet(
            ports: arguments.numbers(of: .ports, in: 1...UInt16.max) ?? [21],
            queues: QueueNumbers(arguments),
            asksForFTPS: arguments.has(ftps),
            releaseMark: ConnectionMark(releasing: arguments),
            isBypassing: arguments.has(bypass)
        )
        switch arguments.operands[0] {
        case "load": try Installation.replace(with: Installation(rules))
        case "unload": try Installation.replace(with: Installation())
        case "print":
            try StandardOutput.line(rules.text)
        case let other: throw usage("'\(other)' is none of load, unload, print")
        }
    }
}
