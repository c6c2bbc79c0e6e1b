/// Something that failed while the daemon ran and did not end it; counted under its name in the statistics.
package enum Fault: String, Hashable, Sendable, CaseIterable {
    /// Packets could not be taken from the control queue, or verdicts not be given.
    case controlQueue = "control-queue"
    /// The same of the data queue.
    case dataQueue = "data-queue"
    /// The queue's socket was full when the kernel had a packet (ENOBUFS): its sender sends it again.
    case overrun
    /// Conntrack could not be asked for a connection.
    case findConnection = "find-connection"
    /// The routing tables could not be asked where a packet can come from: it was read all the same.
    case findRoute = "find-route"
    /// Conntrack did not become liberal about sequence numbers: the connection may stall.
    case setLiberal = "set-liberal"
    /// The entry of a data connection was not made: its SYN went on without help.
    case createConnection = "create-connection"
    /// The pinhole set did not take an expectation.
    case openPinhole = "open-pinhole"
    /// An expectation stays in the pinhole set, until its timeout there.
    case closePinhole = "close-pinhole"
    /// The mark of an encrypted connection was not changed.
    case setMark = "set-mark"
    /// An RST could not be sent.
    case injectPacket = "inject-packet"
    /// A connection has a kernel helper and was left alone.
    case kernelHelper = "kernel-helper"
    /// What the next daemon would need of a connection could not be kept.
    case state
    /// A client of the control socket could not be served.
    case controlSocket = "control-socket"
    /// A line of the log could not be written without waiting.
    case log
}
