// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Netfilter

/// The settings of the daemon and of the rules, which have to agree.
package struct Settings: Sendable {
    /// The NFQUEUE numbers.
    package var queues = QueueNumbers()
    /// The ports that clients connect to, 1 to 65535; those of implicit TLS are added.
    package var ports: [UInt16] = [21]
    /// Whether the rules queue the SYN-ACKs of data connections, which SYNPROXY would otherwise consume.
    package var sparesSynproxy = false
    /// Whether the rules let packets pass while no daemon runs.
    package var isBypassing = false
    /// The firewall that gets the rules; `nil` for the one that fits.
    package var backend: PinholeSet.Backend?
    package var socketPath: String
    /// The path of the state file; by default beside the socket.
    package var state: String?
    /// The path of the peer's records; by default in the same folder as the socket.
    package var peerState: String?
    /// The user to run as after startup; `nil` for the default user if it exists.
    package var user: String?
    package var policy = Policy()
    /// Servers whose encrypted sessions may use these ports, in addition to the rules in `policy`.
    package var ftpsServers: [(prefix: AddressPrefix, ports: ClosedRange<UInt16>)] = []
    /// Bits that are added to the control connection's mark on data connections (`data-mark`).
    package var dataMark: ConnectionMark?
    /// The mark of connections whose packets are no longer queued: encrypted ones and those that are not FTP (`bypass-mark`).
    package var bypassMark: ConnectionMark?
    package var logLevel = LogLevel.info
    package var sync = SyncSettings()

    /// The default user, used if the machine has it.
    package static let usualUser = "pinhole"

    package init(socketPath: String) {
        self.socketPath = socketPath
    }

    package var peerStatePath: String {
        let folder = socketPath.lastIndex(of: "/").map { socketPath[...$0] } ?? ""
        return peerState ?? "\(folder)peer.state"
    }

    package var statePath: String {
        state ?? (socketPath.hasSuffix(".sock") ? String(socketPath.dropLast(5)) : socketPath) + ".state"
    }
}
