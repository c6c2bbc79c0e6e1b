import Glibc

/// A file that nobody but root and this process's own users can have written.
package enum PrivateFile {
    /// Everything in the file at `path`.
    ///
    /// - Parameters:
    ///   - path: what file.
    ///   - owner: who may have written it besides root and the user of this process.
    /// - Returns: Its bytes; `nil` if there is none.
    /// - Throws: `EPERM` if it is no regular file, somebody else's, or others may write to it; `EFBIG` beyond 1 GiB.
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
