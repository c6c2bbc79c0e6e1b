// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
package import Messages

/// What can be typed with operands and options: a program, or a subcommand of one.
package protocol Command {
    /// What is typed before them: `pinholed`, `pinhole rules`.
    static var invocation: String { get }
    /// What it does: one line, lower case, no full stop.
    static var summary: String { get }
    /// The placeholder of each operand in the help. All operands are required.
    static var operands: [String] { get }
    /// Its options, without `--help`, which every command has.
    static var options: [Option] { get }
    /// Runs the command.
    static func run(_ arguments: Arguments) throws(UserError)
}

extension Command {
    package static var operands: [String] { [] }
    package static var options: [Option] { [] }

    /// Runs the command with the words that follow its name, or shows its help if they ask for it.
    package static func run(parsing words: [String]) throws(UserError) {
        let arguments = try Arguments(parsing: words, for: Self.self)
        if arguments.has(.help) { return try StandardOutput.line(help) }
        try run(arguments)
    }

    /// The output of `--help`.
    package static var help: String {
        let words = operands + options.map { "[\($0.usage)]" }
        return """
            \(Help.filled("usage: \(invocation)", with: words))

            \(summary)

            \(Help.table((options + [.help]).map { ($0.usage, $0.summary) }))
            """
    }

    /// A usage failure, which refers to the help.
    ///
    /// `meaning` is what was probably meant instead, if that can be guessed.
    package static func usage(_ message: String, meaning: String? = nil) -> UserError {
        let guess = meaning.map { "did you mean \($0)? " } ?? ""
        return UserError(message, hint: "\(guess)see \(invocation) --help", status: .usage)
    }
}
