// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// A helper process that opens one file on behalf of this process, which cannot do so inside its sandbox.
///
/// The path is fixed when the helper starts, so an attacker in this process cannot make it open another file.
package struct FileOpener: ~Copyable {
    private let socket: Descriptor
    private let path: String

    private init(_ socket: consuming Descriptor, _ path: String) {
        self.socket = socket
        self.path = path
    }

    /// Starts the helper, as `account` if that is given; to be called before other threads exist.
    ///
    /// - Throws: `EAGAIN` or `ENOMEM` if the system has no room for a process.
    package static func start(for path: String, as account: Account?) throws(SystemError) -> FileOpener {
        // Sound: the path is NUL-terminated; the new process has its own copy of it.
        let number = try SystemError.check("start the process that reads \(path)") {
            unsafe clinux_start_opener(path, account?.user ?? .max, account?.group ?? .max)
        }
        return FileOpener(Descriptor(adopting: number), path)
    }

    /// Opens the file that is at the path now; fails with `ETIMEDOUT` after one second.
    package func open() throws(SystemError) -> TextFile {
        let number = try SystemError.check("open \(path)") { clinux_ask_opener(socket.number) }
        return TextFile.adopt(Descriptor(adopting: number), path)
    }
}
