// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands

/// Options that the daemon shares with commands that have to know its settings.
extension Option {
    package static let config = Option("config", "PATH", "configuration file (\(Configuration.usualPath))")
    package static let socket = Key.socket.option
    package static let bypassMark = Key.bypassMark.option
    package static let queues = Key.queues.option

    /// The control socket of a daemon that was not told another one.
    static let defaultSocketPath = "/run/pinhole/control.sock"
}
