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
        // Sound, here and below: the texts are NUL-terminated and read during the call.
        let number = try unsafe withKey("listen on \(local) port \(port)") {
            unsafe clinux_tcp_listen(local, port, peer, $0)
        }
        return PeerListener(adopting: number, peer: peer)
    }

    /// Begins to connect to the other machine; the stream is writable when that has succeeded or failed
    /// (`SocketStream.checkConnection`).
    package func connect() throws(SystemError) -> SocketStream {
        let number = try unsafe withKey("connect to \(peer) port \(port)") {
            unsafe clinux_tcp_connect(local, peer, port, $0)
        }
        return SocketStream(adopting: number)
    }

    /// Passes the key to a call that returns a descriptor or -1.
    private func withKey(
        _ operation: String,
        _ call: (clinux_tcp_key) -> Int32
    ) throws(SystemError) -> Int32 {
        // Sound: the bytes live during the call, which does not keep them.
        try SystemError.check(operation) {
            unsafe key.withUnsafeBytes { bytes in
                unsafe call(clinux_tcp_key(bytes: bytes.baseAddress, count: bytes.count))
            }
        }
    }
}
