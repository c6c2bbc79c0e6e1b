// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands
import PinholeDaemon

extension Arguments {
    /// The path of the other gateway's sessions, as the configuration file says, or in the folder of the socket.
    package var peerStatePath: String {
        var settings =
            (try? Configuration(at: value(of: .config), nil).settings())
            ?? Settings(socketPath: Option.defaultSocketPath)
        if let socket = value(of: .socket) { settings.socketPath = socket }
        return settings.peerStatePath
    }

    /// The path of the daemon's control socket, as the configuration file says unless the command line does.
    ///
    /// A file that is wrong elsewhere, or that this user may not read, counts as missing.
    package var socketPath: String {
        // Without the other options, which need not mean what keys of the same name do.
        value(of: .socket) ?? (try? Configuration(at: value(of: .config), nil).settings())?.socketPath
            ?? Option.defaultSocketPath
    }
}
