// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import PinholeDaemon

/// `pinhole version`.
enum VersionCommand: Command {
    static let name = "version"
    static let summary = "show the version"

    static func run(_ arguments: Arguments) throws(UserError) {
        try StandardOutput.line("pinhole \(Pinhole.version)")
    }
}
