import CLinux
import Glibc

/// A Unix socket file at which clients can connect; the file goes when the listener does.
package struct UnixListener: ~Copyable {
    private let descriptor: Descriptor
    private let path: String
    /// The file as it was made: another one at the same path is somebody else's and stays.
    private let file: FileIdentity?

    private init(adopting number: Int32, path: String) {
        descriptor = Descriptor(adopting: number)
        self.path = path
        file = FileIdentity(ofSocketAt: path)
    }

    deinit {
        guard let file, file == FileIdentity(ofSocketAt: path) else { return }
        // Sound: the path is NUL-terminated and read during the call.
        unsafe unlink(path)
    }

    /// Listens at `path`, for whoever may write to a file of this mode.
    ///
    /// The directory is made (0755) if it is not there. A socket file at which nobody listens any more, left by a
    /// process that was killed, is replaced; any other file stays, and the answer is EADDRINUSE.
    package static func open(_ path: String, mode: UInt32) throws(SystemError) -> UnixListener {
        let operation = "listen at \(path)"
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            // Sound: the path is NUL-terminated and read during the call.
            guard unsafe mkdir(String(path[..<slash]), 0o755) == 0 || errno == EEXIST else {
                throw SystemError("make the directory \(path[..<slash])", code: errno)
            }
        }
        // Sound, here and below: the path is NUL-terminated and read during the call.
        var number = unsafe clinux_unix_listen(path, mode)
        if number < 0, errno == EADDRINUSE, isStale(path) {
            unsafe unlink(path)
            number = unsafe clinux_unix_listen(path, mode)
        }
        guard number >= 0 else { throw SystemError(operation, code: errno) }
        return UnixListener(adopting: number, path: path)
    }

    /// Becomes readable when a client wants in.
    package var number: Int32 { descriptor.number }

    /// Takes the next client; `nil` if none waits, or it went away meanwhile.
    package func accept() throws(SystemError) -> UnixStream? {
        let number = clinux_accept(descriptor.number)
        if number >= 0 { return UnixStream(adopting: number) }
        switch errno {
        case EAGAIN, ECONNABORTED, EINTR: return nil
        default: throw SystemError("accept a client", code: errno)
        }
    }

    /// Tells whether `path` is a socket at which nobody listens.
    private static func isStale(_ path: String) -> Bool {
        guard FileIdentity(ofSocketAt: path) != nil else { return false }
        do throws(SystemError) {
            _ = try UnixStream.connect(to: path)
            return false
        } catch {
            return error.code == ECONNREFUSED
        }
    }
}
