import CLinux
import Glibc

/// An anonymous file in memory, for what another program is to read or write.
///
/// The corresponding C function is `memfd_create`.
@safe struct MemoryFile: ~Copyable {
    let fileDescriptor: Int32

    private init(adopting fileDescriptor: Int32) { self.fileDescriptor = fileDescriptor }

    deinit { close(fileDescriptor) }

    /// Makes a file that holds `text`, to be read from its beginning.
    static func open(holding text: String = "") throws(SystemError) -> MemoryFile {
        // The name is a constant that ends in NUL.
        let descriptor = unsafe clinux_memory_file("pinhole")
        guard descriptor >= 0 else { throw SystemError("make a file in memory", code: errno) }
        let file = MemoryFile(adopting: descriptor)
        var offset = 0
        let bytes = Array(text.utf8)
        while offset < bytes.count {
            // The buffer is read only during the call, and `offset` stays within it.
            let count = unsafe bytes[offset...].withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset))
            }
            guard count > 0 else { throw SystemError("write to a file in memory", code: errno) }
            offset += count
        }
        return file
    }

    /// Everything in the file; what is no UTF-8 becomes U+FFFD.
    func contents() throws(SystemError) -> String {
        let end = lseek(fileDescriptor, 0, SEEK_END)
        guard end >= 0 else { throw SystemError("read a file in memory", code: errno) }
        // No array of nothing: the standard library writes into the empty one, which all threads share.
        guard end > 0 else { return "" }
        let descriptor = fileDescriptor
        // `pread` fills at most the buffer it is given, and says how much of it.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(end)) { buffer, count in
            unsafe count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, 0))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
