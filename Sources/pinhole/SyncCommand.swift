// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import FTPHelper
import Glibc
import Linux
import Messages
import PinholeDaemon
import Replication

/// `pinhole sync`.
enum SyncCommand: Subcommand {
    static let name = "sync"
    static let summary = "share sessions with the other gateway of a pair"
    static let options: [Option] = [.config] + Key.ofSync.map(\.option) + [.socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        let settings = try Configuration(arguments).settings()
        guard let local = settings.sync.local, let peer = settings.sync.peer else {
            throw UserError(
                "the addresses of the pair are not configured",
                hint: "give both with --local and --peer, or write sync-local and sync-peer into "
                    + Configuration.usualPath,
                status: .configuration
            )
        }
        guard local.isSameFamily(as: peer), local != peer else {
            throw UserError(
                "\(local) and \(peer) are not two addresses of one family",
                hint: "give an address of this gateway and one of the other, both IPv4 or both IPv6",
                status: .configuration
            )
        }
        guard !local.isLinkLocal, !peer.isLinkLocal else {
            throw UserError(
                "\(local.isLinkLocal ? local : peer) is a link-local address, which pinhole sync cannot use",
                hint: "give the link addresses of its own, such as 192.168.100.1 or fd00:100::1",
                status: .configuration
            )
        }
        let link = PeerLink(
            local: "\(local)",
            peer: "\(peer)",
            port: settings.sync.port,
            key: try key(at: settings.sync.keyPath)
        )
        try Sync.run(link, socketPath: settings.socketPath, peerStatePath: settings.peerStatePath)
    }

    /// The key in a file, without the line feed at its end.
    private static func key(at path: String?) throws(UserError) -> [UInt8] {
        guard let path else { return [] }
        var key: [UInt8]
        do throws(SystemError) {
            guard let bytes = try PrivateFile.read(path, owner: nil) else {
                throw SystemError("read \(path)", code: ENOENT)
            }
            key = bytes
        } catch {
            throw UserError(
                error.description,
                hint: "let root own it, and only the daemon's user read it",
                status: .configuration
            )
        }
        while let last = key.last, [10, 13].contains(last) { key.removeLast() }
        guard (1...PeerLink.maximumKeySize).contains(key.count) else {
            throw UserError(
                "the key in \(path) has \(key.count) bytes",
                hint: "give 1 to \(PeerLink.maximumKeySize) bytes, the same on both gateways",
                status: .configuration
            )
        }
        return key
    }
}
