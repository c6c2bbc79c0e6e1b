// SPDX-License-Identifier: GPL-2.0-or-later

/// The queues between the rules and the daemon (`--queue-num`).
package struct QueueNumbers: Hashable, Sendable {
    /// Packets of control connections.
    package var control: UInt16
    /// The first packets of expected data connections.
    package var data: UInt16
    /// SYNs of clients with an encrypted session.
    ///
    /// They have a queue of their own because they pass while no daemon takes them, and the others wait.
    package var sessions: UInt16

    package init(control: UInt16 = 21, data: UInt16 = 20, sessions: UInt16 = 22) {
        self.control = control
        self.data = data
        self.sessions = sessions
    }

    /// All of them, in the order of the configuration.
    package var all: [UInt16] { [control, data, sessions] }
}

extension QueueNumbers: CustomStringConvertible {
    /// `21,20,22`.
    package var description: String { all.map(String.init).joined(separator: ",") }
}
