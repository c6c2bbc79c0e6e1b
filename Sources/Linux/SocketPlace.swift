import CLinux
import Glibc

/// Where a socket file is to be: a name in a directory that is open, and stays this directory whatever becomes of its path.
package struct SocketPlace: ~Copyable {
    private let path: String
    private let name: String
    private let directory: Descriptor
    /// The directory's path, if it was made for the file.
    private var made: String?
    /// The file as it was made: another one of the same name is somebody else's and stays.
    private var file: FileIdentity?

    /// Opens the directory of `path`, and makes it if it is not there.
    init(_ path: String) throws(SystemError) {
        self.path = path
        let slash = path.lastIndex(of: "/")
        name = String(path[(slash.map(path.index(after:)) ?? path.startIndex)...])
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let isMade = slash == nil || parent == "/" ? false : try SocketPlace.make(parent)
        // Sound: the path is NUL-terminated and read during the call.
        directory = Descriptor(
            adopting: try SystemError.check("open the directory \(parent)") {
                unsafe Glibc.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
        )
        made = isMade ? parent : nil
    }

    deinit {
        // Sound, here and below: the name is NUL-terminated and read during the call.
        if let file, file == FileIdentity(ofSocketNamed: name, in: directory.number) {
            unsafe unlinkat(directory.number, name, 0)
        }
        // One that is not empty stays.
        if let made { unsafe rmdir(made) }
    }

    /// Makes a directory; returns whether it was not there.
    private static func make(_ directory: String) throws(SystemError) -> Bool {
        do {
            // Sound: the path is NUL-terminated and read during the call.
            _ = try SystemError.check("make the directory \(directory)") {
                unsafe mkdir(directory, 0o755)
            }
            return true
        } catch {
            guard error.code == EEXIST else { throw error }
            return false
        }
    }

    /// Takes note that the file there now is the listener's own.
    mutating func remember() { file = FileIdentity(ofSocketNamed: name, in: directory.number) }

    /// Lets the file and the directory stay.
    mutating func leave() {
        file = nil
        made = nil
    }

    /// Removes the socket file if nobody listens at it; returns whether it has.
    func removeStaleFile() -> Bool {
        let stale = FileIdentity(ofSocketNamed: name, in: directory.number)
        guard stale != nil else { return false }
        // Sound: the path is NUL-terminated and read during the call.
        let stream = unsafe clinux_unix_connect(path, 0)
        guard stream < 0 else {
            close(stream)
            return false
        }
        let isFree = errno == ECONNREFUSED
        // Another daemon that starts now may have put its own there meanwhile.
        let now = FileIdentity(ofSocketNamed: name, in: directory.number)
        guard isFree, stale == now else { return false }
        // Sound: the name is NUL-terminated and read during the call.
        return unsafe unlinkat(directory.number, name, 0) == 0
    }
}
