import Formats

/// An option of a subcommand: the one description that both the parser and `--help` go by.
struct Option: Hashable, Sendable {
    /// The name without its dashes.
    let name: String
    /// What stands for the value in the help; `nil` for an option that takes none.
    let placeholder: String?
    /// What it does, in a few words.
    let summary: String

    init(_ name: String, _ placeholder: String? = nil, _ summary: String) {
        self.name = name
        self.placeholder = placeholder
        self.summary = summary
    }

    /// `--ports PORT,...`, or `--bypass`.
    var usage: String {
        if let placeholder { "--\(name) \(placeholder)" } else { "--\(name)" }
    }
}

/// Options that several subcommands share.
extension Option {
    static let help = Option("help", nil, "show this help")
    static let json = Option("json", nil, "write JSON instead of text")
    static let socket = Option("socket", "PATH", "the daemon's control socket (\(defaultSocketPath))")
    static let ports = Option("ports", "PORT,...", "the ports that clients connect to (21)")
    static let bypassMark = Option(
        "bypass-mark",
        "VALUE[/MASK]",
        "connmark of connections that need not be queued, encrypted or no FTP (none)"
    )
    /// What options were called once.
    static let formerNames = ["ftps-mark": bypassMark.name]
    static let queues = Option("queues", "CONTROL,DATA", "the numbers of the two queues (21,20)")

    /// Where the daemon listens unless it is told otherwise.
    static let defaultSocketPath = "/run/pinhole/control.sock"
}
