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

    /// Writes the error of the program with this name to standard error, and ends the process with the error's status.
    package static func end(_ name: String, with error: UserError) -> Never {
        StandardError.write(error.text(from: name))
        exit(error.status.rawValue)
    }
}
