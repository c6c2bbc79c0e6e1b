// SPDX-License-Identifier: GPL-2.0-or-later
import Formats

/// An option of a subcommand, as the parser and `--help` use it.
struct Option: Hashable, Sendable {
    /// The name without its dashes.
    let name: String
    /// The placeholder of its value in the help; `nil` if the option takes no value.
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
    static let ports = Option("ports", "PORT,...", "ports that clients connect to (21)")
    static let socket = Key.socket.option
    static let bypassMark = Key.bypassMark.option
    static let queues = Key.queues.option

    /// Options that were renamed, with their new names.
    static let formerNames = ["ftps-mark": Key.bypassMark.name]

    /// The control socket of a daemon that was not told another one.
    static let defaultSocketPath = "/run/pinhole/control.sock"
}
