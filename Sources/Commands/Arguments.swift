// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
package import Messages

/// The operands of a command, and its options with their values.
package struct Arguments {
    /// Exactly as many as the command takes, unless help is asked for.
    package let operands: [String]
    /// The last value given for each option, by its name; empty for an option that takes none.
    private let values: [String: String]
    private let command: any Command.Type

    /// Parses the words that follow the name of `command`.
    ///
    /// - Throws: A usage failure if they are wrong.
    package init(parsing arguments: [String], for command: any Command.Type) throws(UserError) {
        self.command = command
        let options = command.options + [.help]
        let definitions = options.map {
            LongOptions.Definition(name: $0.name, takesValue: $0.placeholder != nil)
        }
        let parsed: LongOptions
        do {
            parsed = try LongOptions(parsing: Self.lengthened(arguments, options), as: definitions)
        } catch {
            throw Self.failure(for: error, in: command)
        }
        operands = parsed.operands
        values = Dictionary(
            parsed.occurrences.map { (options[$0.index].name, $0.value ?? "") },
            uniquingKeysWith: { $1 }
        )
        if has(.help) { return }
        guard operands.count >= command.operands.count else {
            throw command.usage("\(command.operands[operands.count]) is missing")
        }
        guard operands.count == command.operands.count else {
            throw command.usage("unexpected operand '\(operands[command.operands.count])'")
        }
    }

    /// Tells whether the option was given.
    package func has(_ option: Option) -> Bool { values[option.name] != nil }

    /// The value of the option, if it was given.
    package func value(of option: Option) -> String? { values[option.name] }

    /// The value of the option, if it was given, to be parsed.
    package func given(_ option: Option) -> GivenValue? {
        values[option.name].map { GivenValue(text: $0, name: "--\(option.name)", origin: .commandLine) }
    }

    /// The operand at `index`, to be parsed.
    package func operand(_ index: Int) -> GivenValue {
        GivenValue(text: operands[index], name: command.operands[index], origin: .commandLine)
    }

    /// Replaces `-h` and other letters by the options that they stand for.
    private static func lengthened(_ arguments: [String], _ options: [Option]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].map { word in
            options.first { $0.letter.map { "-\($0)" } == word }.map { "--\($0.name)" } ?? word
        } + arguments[end...]
    }

    private static func failure(for problem: LongOptions.Problem, in command: any Command.Type) -> UserError {
        switch problem {
        case .unknown(let option):
            let name = option.drop { $0 == "-" }.prefix { $0 != "=" }
            guard let newName = Option.formerNames[String(name)] else {
                let names = (command.options + [.help]).map(\.name)
                return command.usage(
                    "unknown option '\(option)'",
                    meaning: Spelling.nearest(to: String(name), among: names).map { "--\($0)" }
                )
            }
            return UserError(
                "option --\(name) was renamed to --\(newName)",
                hint: "use --\(newName) with the same value",
                status: .usage
            )
        case .missingValue(let option): return command.usage("option '\(option)' needs a value")
        case .unexpectedValue(let option): return command.usage("option '\(option)' takes no value")
        }
    }
}
