// SPDX-License-Identifier: GPL-2.0-or-later

/// The two queues between the rules and the daemon (`--queue-num`).
package struct QueueNumbers: Hashable, Sendable {
    /// Packets of control connections.
    package var control: UInt16
    /// The first packets of expected data connections.
    package var data: UInt16

    package init(control: UInt16 = 21, data: UInt16 = 20) {
        self.control = control
        self.data = data
    }
}
