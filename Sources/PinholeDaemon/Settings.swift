package import FTPHelper

/// What the daemon is told when it starts.
package struct Settings: Sendable {
    /// The NFQUEUE with the packets of control connections.
    package var controlQueue: UInt16 = 21
    /// The NFQUEUE with the SYNs of expected data connections.
    package var dataQueue: UInt16 = 20
    package var socketPath: String
    package var policy = Policy()
    package var logLevel = LogLevel.info

    package init(socketPath: String) {
        self.socketPath = socketPath
    }
}
