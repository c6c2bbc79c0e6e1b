import CLinux
import Glibc

/// A Unix socket file at which clients can connect; the file goes when the listener does, unless told to stay.
package struct UnixListener: ~Copyable {
    private let descriptor: Descriptor
    private let path: String
    /// The file as it was made: another one at the same path is somebody else's and stays.
    private var file: FileIdentity?
    /// The directory, if it was made for the file.
    private var directory: String?

    private init(adopting number: Int32, path: String, directory: String?) {
        descriptor = Descriptor(adopting: number)
        self.path = path
        self.directory = directory
        file = FileIdentity(ofSocketAt: path)
    }

    deinit {
        // Sound: the paths are NUL-terminated and read during the calls. A directory that is not empty stays.
        if let file, file == FileIdentity(ofSocketAt: path) { unsafe unlink(path) }
        if let directory { unsafe rmdir(directory) }
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
        let directory = try makeDirectory(of: path)
        do {
            let number = try listen(at: path, mode, group ?? .max)
            return UnixListener(adopting: number, path: path, directory: directory)
        } catch {
            // Sound: the path is NUL-terminated and read during the call.
            if let directory { unsafe rmdir(directory) }
            throw error
        }
    }

    /// Makes the directory that `path` is in, and returns it if it was not there.
    private static func makeDirectory(of path: String) throws(SystemError) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return nil }
        let directory = String(path[..<slash])
        do {
            // Sound: the path is NUL-terminated and read during the call.
            _ = try SystemError.check("make the directory \(directory)") { unsafe mkdir(directory, 0o755) }
            return directory
        } catch {
            guard error.code == EEXIST else { throw error }
            return nil
        }
    }

    private static func listen(at path: String, _ mode: UInt32, _ group: UInt32) throws(SystemError) -> Int32
    {
        do {
            // Sound, here and below: the path is NUL-terminated and read during the call.
            return try SystemError.check("listen at \(path)") { unsafe clinux_unix_listen(path, mode, group) }
        } catch {
            guard error.code == EADDRINUSE, isStale(path) else { throw error }
            unsafe unlink(path)
            return try SystemError.check("listen at \(path)") { unsafe clinux_unix_listen(path, mode, group) }
        }
    }

    /// Lets the file stay when the listener goes, for one who may no longer remove it; the next to listen replaces it.
    package mutating func leaveFile() {
        file = nil
        directory = nil
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

    /// Tells whether `path` is a socket at which nobody listens.
    private static func isStale(_ path: String) -> Bool {
        guard FileIdentity(ofSocketAt: path) != nil else { return false }
        // Sound: the path is NUL-terminated and read during the call.
        let number = unsafe clinux_unix_connect(path, false)
        guard number < 0 else {
            close(number)
            return false
        }
        return errno == ECONNREFUSED
    }
}
