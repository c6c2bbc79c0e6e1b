import Glibc

/// Small files of `/proc` and `/sys`, read whole.
package enum TextFile {
    /// Reads a file of at most 1 MiB; bytes that are not UTF-8 become U+FFFD.
    package static func read(_ path: String) throws(SystemError) -> String {
        let operation = "read \(path)"
        // Sound: the path is NUL-terminated and read during the call.
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError(operation, code: errno) }
        let descriptor = Descriptor(adopting: number)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var size = 0
        while size < bytes.count {
            let start = size
            // Sound: the kernel writes at most what is left of the storage, from `start` on.
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
                return unsafe Glibc.read(descriptor.number, rest.baseAddress, rest.count)
            }
            if count == 0 { break }
            if count > 0 {
                size += count
            } else if errno != EINTR {
                throw SystemError(operation, code: errno)
            }
        }
        return String(decoding: bytes[..<size], as: UTF8.self)
    }
}
