// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// A small file that tells other programs how a process is doing.
package enum StatusFile {
    /// Writes the file at `path` as a whole, readable by its group: a reader sees the former text or this one.
    package static func write(_ text: String, to path: String) throws(SystemError) {
        let draft = "\(path).new"
        let bytes = Array(text.utf8)
        // Sound, here and below: paths are NUL-terminated and read during the calls.
        unsafe unlink(draft)
        let descriptor = Descriptor(
            adopting: try SystemError.check("make \(draft)") {
                unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o640)
            }
        )
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
