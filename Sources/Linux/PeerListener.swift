// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// A listening TCP socket for one other machine (`PeerLink.listen`).
package struct PeerListener: ~Copyable {
    private let descriptor: Descriptor
    private let peer: String

    init(adopting number: Int32, peer: String) {
        descriptor = Descriptor(adopting: number)
        self.peer = peer
    }

    /// The descriptor's number; readable when somebody connects.
    package var number: Int32 { descriptor.number }

    /// Accepts the next connection; `nil` if none waits.
    ///
    /// - Throws: `EPERM` if it came from another address; it is closed then.
    package func accept() throws(SystemError) -> SocketStream? {
        do {
            // Sound: the text is NUL-terminated and read during the call.
            return SocketStream(
                adopting: try SystemError.check("accept a connection") {
                    unsafe clinux_tcp_accept(descriptor.number, peer)
                }
            )
        } catch {
            guard error.code == EAGAIN || error.code == ECONNABORTED else { throw error }
            return nil
        }
    }
}
