import Linux
import PinholeDaemon

/// What was given to a subcommand: its operands, and its options with their values.
struct Arguments {
    /// Exactly as many as the subcommand wants, unless help is asked for.
    let operands: [String]
    /// The last value given to each option, by its name; empty for an option that takes none.
    private let values: [String: String]
    private let command: any Command.Type
    /// What stands before the name of an option in messages.
    private let mark: String

    /// Parses what follows the name of `command`; what is wrong with it is a usage failure.
    init(parsing arguments: [String], for command: any Command.Type) throws(UserError) {
        self.command = command
        mark = "--"
        let options = command.options + [.help]
        let definitions = options.map {
            LongOptions.Definition(name: $0.name, takesValue: $0.placeholder != nil)
        }
        let parsed: LongOptions
        do {
            parsed = try LongOptions(parsing: arguments, as: definitions)
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
            throw command.usage("'\(operands[command.operands.count])' is one operand too many")
        }
    }

    /// What a file says of one option of `command`, in place of a command line.
    init(_ value: String, for option: Option, of command: any Command.Type) {
        operands = []
        values = [option.name: value]
        self.command = command
        mark = ""
    }

    /// Tells whether the option was given.
    func has(_ option: Option) -> Bool { values[option.name] != nil }

    /// The value of the option, if it was given.
    func value(of option: Option) -> String? { values[option.name] }

    /// Whether an option that takes no value is on, if anything is said of it: in a file `yes` or `no`.
    func flag(of option: Option) throws(UserError) -> Bool? {
        switch value(of: option) {
        case nil: return nil
        case "", "yes": return true
        case "no": return false
        case let word?: throw command.usage("\(mark)\(option.name): '\(word)' is neither yes nor no")
        }
    }

    /// The value of the option as the path of a file, if it was given.
    func path(of option: Option) throws(UserError) -> String? {
        guard let path = value(of: option) else { return nil }
        guard path.hasPrefix("/") || mark != "" else {
            throw command.usage("\(option.name): '\(path)' does not begin with /")
        }
        return path
    }

    /// The value of the option as a decimal number within `range`, if it was given.
    func number<Number: FixedWidthInteger>(
        of option: Option,
        in range: ClosedRange<Number>
    ) throws(UserError) -> Number? {
        guard let text = value(of: option) else { return nil }
        return try Self.number(text, in: range, named: mark + option.name, of: command)
    }

    /// The value of the option as decimal numbers within `range` with commas between them, if it was given.
    ///
    /// Unless they are all different, and `count` of them where that is given, it is a usage failure.
    func numbers<Number: FixedWidthInteger>(
        of option: Option,
        in range: ClosedRange<Number>,
        count: Int? = nil
    ) throws(UserError) -> [Number]? {
        guard let text = value(of: option) else { return nil }
        var numbers: [Number] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let number = try Self.number(String(part), in: range, named: "--\(option.name)", of: command)
            guard !numbers.contains(number) else {
                throw command.usage("\(mark)\(option.name) has \(number) twice")
            }
            numbers.append(number)
        }
        if let count, numbers.count != count {
            throw command.usage("\(mark)\(option.name) takes \(count) numbers, not \(numbers.count)")
        }
        return numbers
    }

    /// The operand at `index` as a decimal number within `range`.
    func number<Number: FixedWidthInteger>(
        ofOperand index: Int,
        in range: ClosedRange<Number>
    ) throws(UserError) -> Number {
        try Self.number(operands[index], in: range, named: command.operands[index], of: command)
    }

    /// Parses digits and nothing else: `Int("+5")` would pass.
    private static func number<Number: FixedWidthInteger>(
        _ text: String,
        in range: ClosedRange<Number>,
        named name: String,
        of command: any Command.Type
    ) throws(UserError) -> Number {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            throw command.usage("\(name): '\(text)' is not a number")
        }
        guard let number = Number(text), range.contains(number) else {
            throw UserError(
                "\(name): \(text) is out of range",
                hint: "give a number from \(range.lowerBound) to \(range.upperBound)",
                status: .usage
            )
        }
        return number
    }

    private static func failure(for problem: LongOptions.Problem, in command: any Command.Type) -> UserError {
        switch problem {
        case .unknown(let option):
            guard let name = Option.formerNames[String(option.drop { $0 == "-" }.prefix { $0 != "=" })] else {
                return command.usage("unknown option '\(option)'")
            }
            return UserError(
                "option '\(option)' has another name now",
                hint: "it is --\(name), with the same value",
                status: .usage
            )
        case .missingValue(let option): return command.usage("option '\(option)' needs a value")
        case .unexpectedValue(let option): return command.usage("option '\(option)' takes no value")
        }
    }
}
