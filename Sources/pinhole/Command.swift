import PinholeDaemon

/// A subcommand of `pinhole`.
///
/// To add one, conform a type in a file of its own, named after it, and list it in `Pinhole.commands`.
protocol Command {
    /// The word that selects it.
    static var name: String { get }
    /// What it does: one line, lower case, no full stop.
    static var summary: String { get }
    /// What stands for each operand in the help. Exactly as many operands must be given.
    static var operands: [String] { get }
    /// Its options; `--help` is understood by every subcommand and not among them.
    static var options: [Option] { get }
    /// Does what the arguments ask for.
    static func run(_ arguments: Arguments) throws(UserError)
}

extension Command {
    static var operands: [String] { [] }
    static var options: [Option] { [] }

    /// What `pinhole NAME --help` writes.
    static var help: String {
        let words = operands + options.map { "[\($0.usage)]" }
        return """
            \(Help.filled("usage: pinhole \(name)", with: words))

            \(summary)

            \(Help.table((options + [.help]).map { ($0.usage, $0.summary) }))
            """
    }

    /// The failure that says that the command line is wrong, and where to read how it is to be.
    static func usage(_ message: String) -> UserError {
        UserError(message, hint: "see pinhole \(name) --help", status: .usage)
    }
}
