// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
package import Messages

/// What the programs have in common.
package enum Program {
    /// The version, which is defined only here.
    package static let version = "0.1.0"

    /// The words of the command line that follow the program's name.
    package static var words: [String] { Array(CommandLine.arguments.dropFirst()) }

    /// Ends the process with a status that is not an error of its own.
    package static func end(with status: Int32) -> Never { exit(status) }

    /// Writes the help of a program that was called with nothing to do to standard error, and ends the process.
    package static func end(showing help: String) -> Never {
        StandardError.write("\(help)\n")
        exit(UserError.Status.usage.rawValue)
    }

    /// Writes the error of the program with this name to standard error, and ends the process with the error's status.
    package static func end(_ name: String, with error: UserError) -> Never {
        StandardError.write(error.text(from: name))
        exit(error.status.rawValue)
    }
}
