package import FTPHelper
package import Netfilter

/// What the daemon is told when it starts.
package struct Settings: Sendable {
    /// The NFQUEUE with the packets of control connections.
    package var controlQueue: UInt16 = 21
    /// The NFQUEUE with the SYNs of expected data connections.
    package var dataQueue: UInt16 = 20
    package var socketPath: String
    /// Where what survives the daemon is kept; beside the socket if it is not told.
    package var state: String?
    /// Who the daemon runs as; `nil` for the usual one where there is one.
    package var user: String?
    package var policy = Policy()
    /// Servers whose encrypted sessions may use these ports, in addition to what `policy` says of them.
    package var ftpsServers: [(prefix: AddressPrefix, ports: ClosedRange<UInt16>)] = []
    /// What data connections have on top of the mark of their control connection.
    package var dataMark: ConnectionMark?
    /// What connections have in their mark whose packets the rules queue no longer: encrypted ones, and such as are none of FTP's.
    package var releaseMark: ConnectionMark?
    package var logLevel = LogLevel.info

    /// Who the daemon runs as if it is not told, where the machine has such a user.
    package static let usualUser = "pinhole"

    package init(socketPath: String) {
        self.socketPath = socketPath
    }

    package var statePath: String {
        state ?? (socketPath.hasSuffix(".sock") ? String(socketPath.dropLast(5)) : socketPath) + ".state"
    }
}
