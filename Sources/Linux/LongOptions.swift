// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc
import Synchronization

/// A command line split into long options and operands, which may be mixed, as in GNU programs.
///
/// Names may be abbreviated unless they become ambiguous, a value follows after `=` or as the next argument, and `--` ends
/// the options. The corresponding C function is `getopt_long`.
package struct LongOptions: Sendable {
    /// An option that the command line may contain.
    package struct Definition: Sendable {
        /// The name without its dashes.
        package let name: String
        /// Whether a value has to follow.
        package let takesValue: Bool

        package init(name: String, takesValue: Bool) {
            self.name = name
            self.takesValue = takesValue
        }
    }

    /// An option in the command line.
    package struct Occurrence: Sendable {
        /// The index of its definition.
        package let index: Int
        /// The value, if the option takes one.
        package let value: String?
    }

    /// An error in a command line, with the argument that is wrong.
    package enum Problem: Error, Hashable {
        /// There is no such option, or an abbreviated name is ambiguous.
        case unknown(String)
        case missingValue(String)
        case unexpectedValue(String)
    }

    /// The options in their order; one that occurs twice is there twice.
    package private(set) var occurrences: [Occurrence] = []
    /// The other arguments in their order.
    package private(set) var operands: [String] = []

    /// Held while a command line is split, because getopt_long keeps its state in global variables.
    private static let turn = Mutex(())

    /// Splits `arguments`, which do not include the program's name.
    package init(parsing arguments: [String], as definitions: [Definition]) throws(Problem) {
        self = try Self.turn.withLock { _ throws(Problem) in
            try Self.split(arguments, as: definitions)
        }
    }

    private init() {}

    private static func split(_ arguments: [String], as definitions: [Definition]) throws(Problem)
        -> LongOptions
    {
        // Sound: every string is a copy that is freed at the end. getopt_long permutes the pointers in `argv` and returns
        // pointers into its strings, so both arrays outlive the loop.
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

    /// The value that getopt_long returns for the first definition, greater than any character such as `:` or `?`.
    private static let firstValue: Int32 = 256

    private static func problem(
        _ result: Int32,
        offender: Int32,
        argument: UnsafeMutablePointer<CChar>?
    ) -> Problem {
        let text = unsafe argument.map { unsafe String(cString: $0) } ?? ""
        if result == Int32(UInt8(ascii: ":")) { return .missingValue(text) }
        if offender >= firstValue { return .unexpectedValue(text) }
        // Several short options can share one argument, so only the letter tells which one is wrong.
        if offender == 0 { return .unknown(text) }
        let letter = UInt8(truncatingIfNeeded: offender)
        return .unknown(String(decoding: [UInt8(ascii: "-"), letter], as: UTF8.self))
    }
}
