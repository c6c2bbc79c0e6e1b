// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// The identity of a file: its device and inode numbers.
package struct FileIdentity: Hashable, Sendable {
    /// The number of the device that the file is on (`st_dev`).
    package let device: UInt64
    /// The number of the file on it (`st_ino`).
    package let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    /// The identity of the file behind a descriptor; `nil` if the descriptor is closed.
    ///
    /// The corresponding C function is `fstat`.
    package init?(of descriptor: Int32) {
        var status = stat()
        // Sound: the call fills in `status`.
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// The identity of a socket file in a directory; `nil` if it does not exist or is not a socket.
    ///
    /// The corresponding C function is `fstatat`.
    init?(ofSocketNamed name: String, in directory: Int32) {
        var status = stat()
        // Sound: the name is NUL-terminated and read during the call, which fills in `status`.
        guard unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
            status.st_mode & S_IFMT == S_IFSOCK
        else { return nil }
        self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// The identity of the socket file at `path`; `nil` if it does not exist or is not a socket.
    package init?(ofSocketAt path: String) {
        self.init(ofSocketNamed: path, in: AT_FDCWD)
    }
}
