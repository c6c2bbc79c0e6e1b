// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands
import PinholeDaemon

/// Options that the daemon shares with commands that have to know its settings.
extension Option {
    package static let config = Option("config", "PATH", "configuration file (\(Configuration.usualPath))")
    package static let socket = Key.socket.option
    package static let backend = Key.backend.option
}
