// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon

/// A subcommand of `pinhole`.
///
/// To add one, conform a type in a file of its own, named after it, and list it in `Pinhole.commands`.
protocol Command {
    /// The name on the command line.
    static var name: String { get }
    /// What it does: one line, lower case, no full stop.
    static var summary: String { get }
    /// The placeholder of each operand in the help. All operands are required.
    static var operands: [String] { get }
    /// Its options, without `--help`, which every subcommand has.
    static var options: [Option] { get }
    /// Runs the subcommand.
    static func run(_ arguments: Arguments) throws(UserError)
}

extension Command {
    static var operands: [String] { [] }
    static var options: [Option] { [] }

    /// The output of `pinhole NAME --help`.
    static var help: String {
        let words = operands + options.map { "[\($0.usage)]" }
        return """
            \(Help.filled("usage: pinhole \(name)", with: words))

            \(summary)

            \(Help.table((options + [.help]).map { ($0.usage, $0.summary) }))
            """
    }

    /// A usage failure, which refers to the help.
    static func usage(_ message: String) -> UserError {
        UserError(message, hint: "see pinhole \(name) --help", status: .usage)
    }
}
