// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// The TCP addresses of this machine and of one other, which connect to each other.
///
/// With a key, the kernel signs each segment and drops those without a valid signature (`TCP_MD5SIG`, RFC 2385). No other
/// machine can then connect, nor add to a connection.
package struct PeerLink: Sendable {
    /// Maximum number of bytes of a key.
    package static let maximumKeySize = Int(CLINUX_TCP_KEY_SIZE)

    /// The address of this machine and that of the other one, numeric and of the same family.
    package let local: String
    package let peer: String
    /// The port on which both listen, in host byte order.
    package let port: UInt16
    private let key: [UInt8]

    package init(local: String, peer: String, port: UInt16, key: [UInt8]) {
        self.local = local
        self.peer = peer
        self.port = port
        self.key = key
    }

    /// Whether segments are signed.
    package var isSigned: Bool { !key.isEmpty }

    /// Listens for the other machine.
    ///
    /// - Throws: `EADDRNOTAVAIL` if this machine does not have the local address, `EADDRINUSE` if another program has the port,
    ///   `ENOPROTOOPT` if there is a key and the kernel has no TCP signatures.
    package func listen() throws(SystemError) -> PeerListener {
        // Sound: the texts are NUL-terminated, and the key is read during the call only.
        let number = try SystemError.check("listen on \(local) port \(port)") {
            unsafe key.withUnsafeBytes { bytes in
                unsafe clinux_tcp_listen(
                    local,
                    port,
                    peer,
                    clinux_tcp_key(bytes: bytes.baseAddress, count: bytes.count)
                )
            }
        }
        return PeerListener(adopting: number, peer: peer)
    }

    /// Begins to connect to the other machine; the stream is writable when that has succeeded or failed
    /// (`SocketStream.checkConnection`).
    package func connect() throws(SystemError) -> SocketStream {
        // Sound: as in `listen`.
        let number = try SystemError.check("connect to \(peer) port \(port)") {
            unsafe key.withUnsafeBytes { bytes in
                unsafe clinux_tcp_connect(
                    local,
                    peer,
                    port,
                    clinux_tcp_key(bytes: bytes.baseAddress, count: bytes.count)
                )
            }
        }
        return SocketStream(adopting: number)
    }
}
