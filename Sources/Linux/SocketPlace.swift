// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// The location of a socket file: an open directory and a name in it.
///
/// The directory is opened once, so that later changes to its path have no effect.
package struct SocketPlace: ~Copyable {
    private let path: String
    private let name: String
    private let directory: Descriptor
    /// The directory's path, if the directory was created for the file.
    private var made: String?
    /// The identity of the created file; another file of the same name is not removed.
    private var file: FileIdentity?

    /// Opens the directory of `path`, and creates it if it does not exist.
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
        // Fails if the directory is not empty.
        if let made { unsafe rmdir(made) }
    }

    /// Creates a directory unless it exists; returns whether it was created.
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

    /// Records the identity of the file that is there now, as the one to remove.
    mutating func remember() { file = FileIdentity(ofSocketNamed: name, in: directory.number) }

    /// Keeps the file and the directory from being removed.
    mutating func leave() {
        file = nil
        made = nil
    }

    /// Removes the socket file if no process listens on it; returns whether it was removed.
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
        // Another daemon that starts at the same time may have replaced the file.
        let now = FileIdentity(ofSocketNamed: name, in: directory.number)
        guard isFree, stale == now else { return false }
        // Sound: the name is NUL-terminated and read during the call.
        return unsafe unlinkat(directory.number, name, 0) == 0
    }
}
