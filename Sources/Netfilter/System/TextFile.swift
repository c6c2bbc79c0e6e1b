import Glibc

/// Small files of `/proc` and `/sys`, read whole.
package enum TextFile {
    /// Reads a file, or the first 64 KiB of it; bytes that are not UTF-8 become U+FFFD.
    package static func read(_ path: String) throws(SystemError) -> String {
        // Sound: the path is NUL-terminated and read during the call.
        let number = try SystemError.check("open \(path)") { unsafe open(path, O_RDONLY | O_CLOEXEC) }
        let descriptor = Descriptor(adopting: number)
        var bytes = [UInt8](repeating: 0, count: 65536)
        var size = 0
        while size < bytes.count {
            // Sound: the kernel writes at most what is left of the storage, from `size` on.
            let count = try SystemError.check("read \(path)") {
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[size...])
                    return unsafe Glibc.read(descriptor.number, rest.baseAddress, rest.count)
                }
            }
            if count == 0 { break }
            size += count
        }
        return String(decoding: bytes[..<size], as: UTF8.self)
    }
}
