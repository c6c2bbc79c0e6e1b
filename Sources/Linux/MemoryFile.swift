// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// An anonymous file in memory, as the standard input or output of another program.
///
/// The corresponding C function is `memfd_create`.
@safe struct MemoryFile: ~Copyable {
    let fileDescriptor: Int32

    private init(adopting fileDescriptor: Int32) { self.fileDescriptor = fileDescriptor }

    deinit { close(fileDescriptor) }

    /// Creates a file that contains `text`, positioned at its beginning.
    static func open(holding text: String = "") throws(SystemError) -> MemoryFile {
        // Sound: the name is NUL-terminated.
        let descriptor = unsafe clinux_memory_file("pinhole")
        guard descriptor >= 0 else { throw SystemError("make a file in memory", code: errno) }
        let file = MemoryFile(adopting: descriptor)
        var offset = 0
        let bytes = Array(text.utf8)
        while offset < bytes.count {
            // Sound: the kernel reads at most `count` bytes of the slice, during the call only.
            let count = unsafe bytes[offset...].withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset))
            }
            guard count > 0 else { throw SystemError("write to a file in memory", code: errno) }
            offset += count
        }
        return file
    }

    /// Reads the whole file; invalid UTF-8 becomes U+FFFD.
    func contents() throws(SystemError) -> String {
        let end = lseek(fileDescriptor, 0, SEEK_END)
        guard end >= 0 else { throw SystemError("read a file in memory", code: errno) }
        // Not for an empty file: the initializer would write to the storage of the empty array, which all threads share.
        guard end > 0 else { return "" }
        let descriptor = fileDescriptor
        // Sound: pread writes at most `buffer.count` bytes and returns how many.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(end)) { buffer, count in
            unsafe count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, 0))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
