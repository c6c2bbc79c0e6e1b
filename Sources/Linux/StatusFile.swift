// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// A small file that tells other programs how a process is doing.
package enum StatusFile {
    /// Writes the file at `path` as a whole: a reader sees the former text or this one.
    ///
    /// It follows no link at the file's place, so root may write into a folder of another user.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - path: The path of the file.
    ///   - mode: The permissions of the file; its group may read it, unless another is given.
    /// - Throws: The system's error; the former file then stays.
    package static func write(_ text: String, to path: String, mode: UInt32 = 0o640) throws(SystemError) {
        let draft = "\(path).new"
        let bytes = Array(text.utf8)
        // Sound, here and below: paths are NUL-terminated and read during the calls.
        unsafe unlink(draft)
        let descriptor = Descriptor(
            adopting: try SystemError.check("make \(draft)") {
                unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            }
        )
        // Whatever the umask is.
        _ = try SystemError.check("write \(draft)") { fchmod(descriptor.number, mode) }
        // Sound: the kernel reads the array's bytes during the call.
        let count = try SystemError.check("write \(draft)") {
            unsafe Glibc.write(descriptor.number, bytes, bytes.count)
        }
        guard count == bytes.count else { throw SystemError("write \(draft)", code: ENOSPC) }
        _ = try SystemError.check("rename \(draft)") { unsafe rename(draft, path) }
    }

    /// Removes the file; it is no error if there is none.
    package static func remove(_ path: String) { unsafe unlink(path) }
}
