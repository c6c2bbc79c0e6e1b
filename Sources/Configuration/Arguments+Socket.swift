// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands
import PinholeDaemon

extension Arguments {
    /// The path of the daemon's control socket, as the configuration file says unless the command line does.
    ///
    /// A file that is wrong elsewhere, or that this user may not read, counts as missing.
    package var socketPath: String {
        // Without the other options, which need not mean what keys of the same name do.
        value(of: .socket) ?? (try? Configuration(at: value(of: .config), nil).settings())?.socketPath
            ?? ServiceInstance.current.socketPath
    }
}
