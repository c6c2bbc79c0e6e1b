import CLinux
import Glibc

/// A Unix socket file at which clients can connect; the file goes when the listener does, unless told to stay.
///
/// The directory may be somebody else's to write to. So the file is what it is to be from the first moment on, and it is
/// removed by its name in the directory that was opened for it, whatever has become of the path meanwhile.
package struct UnixListener: ~Copyable {
    private let descriptor: Descriptor
    /// Where the file is; `nil` if it is to stay.
    private var place: SocketPlace?

    private init(adopting number: Int32, in place: consuming SocketPlace) {
        descriptor = Descriptor(adopting: number)
        self.place = consume place
        self.place?.remember()
    }

    /// Listens at `path`, for whoever may write to a file of this mode and group, the process's own where none is given.
    ///
    /// Its directory is made (0755) if it is not there. A socket file at which nobody listens any more, left by a
    /// process that was killed, is replaced; any other file stays, and the answer is EADDRINUSE.
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

    /// Lets the file stay when the listener goes, for one who may no longer remove it; the next to listen replaces it.
    package mutating func leaveFile() {
        place?.leave()
        place = nil
    }

    /// Becomes readable when a client wants in.
    package var number: Int32 { descriptor.number }

    /// Takes the next client; `nil` if none waits, or it went away meanwhile.
    package func accept() throws(SystemError) -> UnixStream? {
        do {
            return UnixStream(adopting: try SystemError.check("accept a client") { clinux_accept(number) })
        } catch {
            guard error.code == EAGAIN || error.code == ECONNABORTED else { throw error }
            return nil
        }
    }
}
