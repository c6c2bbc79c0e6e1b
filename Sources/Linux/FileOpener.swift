import CLinux
import Glibc

/// A process that opens one file for this one, which may not any more.
///
/// It is told nothing but when, so that whoever has got hold of this process cannot have it open another.
package struct FileOpener: ~Copyable {
    private let socket: Descriptor
    private let path: String

    private init(_ socket: consuming Descriptor, _ path: String) {
        self.socket = socket
        self.path = path
    }

    /// Starts the process, as this user where one is given; to be called before other threads exist.
    package static func start(for path: String, as account: Account?) throws(SystemError) -> FileOpener {
        // Sound: the path is NUL-terminated, and read by the new process, which has a copy of it.
        let number = try SystemError.check("start what reads \(path)") {
            unsafe clinux_start_opener(path, account?.user ?? .max, account?.group ?? .max)
        }
        return FileOpener(Descriptor(adopting: number), path)
    }

    /// Opens the file as it is now; waits a second at most.
    package func open() throws(SystemError) -> TextFile {
        let number = try SystemError.check("open \(path)") { clinux_ask_opener(socket.number) }
        return TextFile.adopt(Descriptor(adopting: number), path)
    }
}
