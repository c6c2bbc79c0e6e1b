// SPDX-License-Identifier: GPL-2.0-or-later

/// A failure that does not end the daemon; counted under its name in the statistics.
package enum Fault: String, Hashable, Sendable, CaseIterable {
    /// Packets could not be read from the control queue, or verdicts could not be sent.
    case controlQueue = "control-queue"
    /// Packets could not be read from the data queue or the session queue, or verdicts could not be sent.
    case dataQueue = "data-queue"
    /// The kernel dropped a packet because the queue's socket buffer was full (ENOBUFS); its sender retransmits it.
    case overrun
    /// A connection could not be looked up in conntrack.
    case findConnection = "find-connection"
    /// A packet's source could not be checked against the routes; the packet was processed.
    case findRoute = "find-route"
    /// Conntrack could not be made liberal about sequence numbers; the connection may stall.
    case setLiberal = "set-liberal"
    /// The conntrack entry of a data connection could not be created; its SYN passed without help.
    case createConnection = "create-connection"
    /// An expectation could not be added to the pinhole set.
    case openPinhole = "open-pinhole"
    /// An expectation could not be removed from the pinhole set; it stays until its timeout.
    case closePinhole = "close-pinhole"
    /// Somebody has emptied a pinhole set; everything that was open is open again.
    case emptiedSet = "emptied-set"
    /// The mark of a connection that bypasses the queue could not be changed.
    case setMark = "set-mark"
    /// An RST could not be sent.
    case injectPacket = "inject-packet"
    /// A connection has a kernel helper and was left alone.
    case kernelHelper = "kernel-helper"
    /// A connection's record could not be written to the state file.
    case state
    /// A client of the control socket could not be served.
    case controlSocket = "control-socket"
    /// A log line was lost because writing it would have blocked.
    case log
}
