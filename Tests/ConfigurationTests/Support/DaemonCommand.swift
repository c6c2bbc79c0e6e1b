// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Messages

@testable import Configuration

/// A command with every option that is a key.
enum DaemonCommand: Command {
    static let invocation = "daemon"
    static let summary = "has the options of the daemon"
    static let options = Key.general.map(\.option)

    static func run(_ arguments: Arguments) throws(UserError) {}
}
