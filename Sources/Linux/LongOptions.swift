import CLinux
import Glibc
import Synchronization

/// A command line split into long options and operands, in any order, as GNU programs take them.
///
/// Names may be shortened while they stay unambiguous, a value follows after `=` or a blank, and `--` ends the
/// options. The corresponding C function is `getopt_long`.
package struct LongOptions: Sendable {
    /// An option that may be given.
    package struct Definition: Sendable {
        /// The name without its dashes.
        package let name: String
        package let takesValue: Bool

        package init(name: String, takesValue: Bool) {
            self.name = name
            self.takesValue = takesValue
        }
    }

    /// An option that was given.
    package struct Occurrence: Sendable {
        /// Which one it is: its place among the definitions.
        package let index: Int
        /// The value, if the option takes one.
        package let value: String?
    }

    /// What is wrong with a command line, with the offending argument.
    package enum Problem: Error, Hashable {
        /// No such option, or a shortened name that fits several.
        case unknown(String)
        case missingValue(String)
        case unexpectedValue(String)
    }

    package private(set) var occurrences: [Occurrence] = []
    package private(set) var operands: [String] = []

    /// Held while a command line is split: getopt_long keeps its place in it in variables of the whole process.
    private static let turn = Mutex(())

    /// Splits `arguments`, the program's name not among them.
    package init(parsing arguments: [String], as definitions: [Definition]) throws(Problem) {
        self = try Self.turn.withLock { _ throws(Problem) in
            try Self.split(arguments, as: definitions)
        }
    }

    private init() {}

    private static func split(_ arguments: [String], as definitions: [Definition]) throws(Problem)
        -> LongOptions
    {
        // Every string in here is a copy of our own, freed at the end. getopt_long permutes the pointers in `argv`
        // and the borrowed ones it returns point into it, so both arrays outlive the loop.
        var argv = unsafe (["pinhole"] + arguments).map { unsafe strdup($0) } + [nil]
        let names = unsafe definitions.map { unsafe strdup($0.name) }
        defer { unsafe (argv + names).forEach { unsafe free($0) } }
        let table = unsafe zip(definitions, names).enumerated().map { index, entry in
            unsafe option(
                name: entry.1,
                has_arg: entry.0.takesValue ? required_argument : no_argument,
                flag: nil,
                val: firstValue + Int32(index)
            )
        }
        let terminated = unsafe table + [option()]
        var options = LongOptions()
        var state = unsafe clinux_getopt()
        while true {
            let result = unsafe clinux_getopt_long(Int32(arguments.count + 1), &argv, terminated, &state)
            if result == -1 { break }
            guard result >= firstValue else {
                throw unsafe problem(result, offender: state.offender, argument: argv[Int(state.next) - 1])
            }
            let value = unsafe state.value.map { unsafe String(cString: $0) }
            options.occurrences.append(Occurrence(index: Int(result - firstValue), value: value))
        }
        unsafe options.operands = argv[Int(state.next)...].compactMap {
            unsafe $0.map { unsafe String(cString: $0) }
        }
        return options
    }

    /// What getopt_long returns for the first definition: beyond any character, so that `:` and `?` stay apart.
    private static let firstValue: Int32 = 256

    private static func problem(
        _ result: Int32,
        offender: Int32,
        argument: UnsafeMutablePointer<CChar>?
    ) -> Problem {
        let text = unsafe argument.map { unsafe String(cString: $0) } ?? ""
        if result == Int32(UInt8(ascii: ":")) { return .missingValue(text) }
        if offender >= firstValue { return .unexpectedValue(text) }
        // A short option may share its argument with others: only its letter is sure.
        if offender == 0 { return .unknown(text) }
        let letter = UInt8(truncatingIfNeeded: offender)
        return .unknown(String(decoding: [UInt8(ascii: "-"), letter], as: UTF8.self))
    }
}
