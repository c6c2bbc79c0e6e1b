// SPDX-License-Identifier: GPL-2.0-or-later
package import Commands

extension Arguments {
    /// The path of the daemon's control socket.
    package var socketPath: String { value(of: .socket) ?? Option.defaultSocketPath }
}
