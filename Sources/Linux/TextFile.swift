// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// A small text file in `/proc` or `/sys`, which can be read repeatedly.
package struct TextFile: ~Copyable {
    private let descriptor: Descriptor
    private let path: String

    private init(_ descriptor: consuming Descriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens the file at `path` for reading.
    ///
    /// - Throws: `ENOENT` if there is no file, `EACCES` if this process may not read it.
    package static func open(_ path: String) throws(SystemError) -> TextFile {
        // Sound: the path is NUL-terminated and read during the call.
        let number = try SystemError.check("open \(path)") {
            unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        }
        return TextFile(Descriptor(adopting: number), path)
    }

    /// Takes ownership of an open descriptor of the file at `path`.
    static func adopt(_ descriptor: consuming Descriptor, _ path: String) -> TextFile {
        TextFile(descriptor, path)
    }

    /// The largest number of bytes that are read.
    package static let maximumSize = 65536

    /// Reads the current contents, or the first `size` bytes of them, 64 KiB by default; invalid UTF-8 becomes U+FFFD.
    package func text(upTo size: Int = maximumSize) throws(SystemError) -> String {
        let bytes = try descriptor.contents(upTo: size, "read \(path)")
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Opens a file, reads it and closes it.
    ///
    /// - Throws: The errors of `open` and of reading.
    package static func read(_ path: String, upTo size: Int = maximumSize) throws(SystemError) -> String {
        try open(path).text(upTo: size)
    }
}
