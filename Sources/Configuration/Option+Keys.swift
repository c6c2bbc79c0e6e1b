// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands
import PinholeDaemon

/// Options that the daemon shares with commands that have to know its settings.
extension Option {
    package static let config = Option("config", "PATH", "configuration file (\(Configuration.usualPath))")
    package static let socket = Key.socket.option
    package static let backend = Key.backend.option

    /// The control socket of a daemon that was not told another one.
    static let defaultSocketPath = "/run/pinhole/control.sock"
}

extension Arguments {
    /// The path of the daemon's control socket, as the configuration file says unless the command line does.
    ///
    /// A file that is wrong elsewhere, or that this user may not read, counts as missing.
    package var socketPath: String {
        // Without the other options, which need not mean what keys of the same name do.
        value(of: .socket) ?? (try? Configuration(at: value(of: .config), nil).settings())?.socketPath
            ?? Option.defaultSocketPath
    }
}
