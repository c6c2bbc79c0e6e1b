// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// A file that only root and trusted users can have written.
package enum PrivateFile {
    /// Reads the whole file at `path`.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - owner: A user who may own the file besides root and the user of this process.
    /// - Returns: The bytes of the file; `nil` if it does not exist.
    /// - Throws: `EPERM` if it is not a regular file, has another owner, or can be written by its group or others; `EFBIG` if
    ///   it has more than 1 GiB.
    package static func read(_ path: String, owner: UInt32?) throws(SystemError) -> [UInt8]? {
        let operation = "read \(path)"
        let descriptor: Descriptor
        do {
            // Sound: the path is NUL-terminated and read during the call.
            descriptor = Descriptor(
                adopting: try SystemError.check(operation) {
                    unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                }
            )
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
        let number = descriptor.number
        var status = stat()
        // Sound: the call fills in `status`.
        _ = try SystemError.check(operation) { unsafe fstat(number, &status) }
        let owners = [0, geteuid(), owner ?? 0]
        guard status.st_mode & S_IFMT == S_IFREG, owners.contains(status.st_uid), status.st_mode & 0o022 == 0
        else { throw SystemError(operation, code: EPERM) }
        guard status.st_size <= 1 << 30 else { throw SystemError(operation, code: EFBIG) }
        return try descriptor.contents(upTo: Int(status.st_size), operation)
    }
}
