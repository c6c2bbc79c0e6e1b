// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// A listening Unix stream socket; its file is removed with the listener, unless `leaveFile` was called.
///
/// Other users may be able to write to the directory. The file therefore has its final mode and group from the moment it
/// is created, and it is removed by its name relative to the opened directory.
package struct UnixListener: ~Copyable {
    private let descriptor: Descriptor
    /// The location of the file; `nil` if the file is not to be removed.
    private var place: SocketPlace?

    private init(adopting number: Int32, in place: consuming SocketPlace) {
        descriptor = Descriptor(adopting: number)
        self.place = consume place
        self.place?.remember()
    }

    /// Creates a socket file at `path` and listens on it.
    ///
    /// The directory is created with mode 0755 if it does not exist. A socket file that no process listens on, left by a
    /// killed process, is replaced.
    ///
    /// - Parameters:
    ///   - path: The path of the socket file.
    ///   - mode: The mode of the socket file; clients need write permission.
    ///   - group: The group of the socket file; `nil` for that of the process.
    /// - Returns: The listener.
    /// - Throws: `EADDRINUSE` if there is another file, or a socket file that a process listens on.
    package static func open(
        _ path: String,
        mode: UInt32,
        group: UInt32? = nil
    ) throws(SystemError) -> UnixListener {
        let place = try SocketPlace(path)
        // Sound, here and below: the path is NUL-terminated and read during the call.
        do {
            let number = try SystemError.check("listen at \(path)") {
                unsafe clinux_unix_listen(path, mode, group ?? .max)
            }
            return UnixListener(adopting: number, in: place)
        } catch {
            guard error.code == EADDRINUSE, place.removeStaleFile() else { throw error }
        }
        let number = try SystemError.check("listen at \(path)") {
            unsafe clinux_unix_listen(path, mode, group ?? .max)
        }
        return UnixListener(adopting: number, in: place)
    }

    /// Keeps the file when the listener is closed, because the process can no longer remove it; the next listener replaces it.
    package mutating func leaveFile() {
        place?.leave()
        place = nil
    }

    /// The descriptor's number; readable when a client waits.
    package var number: Int32 { descriptor.number }

    /// Accepts the next client; `nil` if none waits or it has disconnected.
    ///
    /// - Throws: `EMFILE`, `ENFILE`, `ENOBUFS` or `ENOMEM` for want of resources; the client waits on.
    package func accept() throws(SystemError) -> SocketStream? {
        do {
            return SocketStream(adopting: try SystemError.check("accept a client") { clinux_accept(number) })
        } catch {
            guard error.code == EAGAIN || error.code == ECONNABORTED else { throw error }
            return nil
        }
    }
}
