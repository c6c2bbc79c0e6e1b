// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Linux
import Messages

/// `pinhole version`.
enum VersionCommand: Subcommand {
    static let name = "version"
    static let summary = "show the version"

    static func run(_ arguments: Arguments) throws(UserError) {
        try StandardOutput.line("pinhole \(Program.version)")
    }
}
