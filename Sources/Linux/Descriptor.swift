// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// An open file descriptor, closed when the value goes out of scope.
package struct Descriptor: ~Copyable {
    /// The descriptor's number, valid as long as this value lives.
    package let number: Int32

    /// Takes ownership of an open descriptor.
    package init(adopting number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Gives up ownership without closing the descriptor.
    package consuming func relinquish() { discard self }

    /// Reads the first `size` bytes of the file.
    ///
    /// - Parameters:
    ///   - size: The number of bytes to read.
    ///   - operation: The operation in words, for the error.
    /// - Returns: The bytes; fewer than `size` only if the file is shorter.
    /// - Throws: The error of `pread`.
    func contents(upTo size: Int, _ operation: @autoclosure () -> String) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var end = 0
        while end < size {
            // Sound: the kernel writes at most `rest.count` bytes, which lie in the array.
            let count = try SystemError.check(operation()) {
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
                    return unsafe pread(number, rest.baseAddress, rest.count, off_t(end))
                }
            }
            if count == 0 { break }
            end += count
        }
        bytes.removeLast(size - end)
        return bytes
    }

    /// Opens `/dev/null` as standard input, output and error where these are closed.
    ///
    /// Otherwise the next file or socket opened would get their number, and the log would be written into it.
    package static func occupyStandardStreams() throws(SystemError) {
        while true {
            // Sound: the path is NUL-terminated and read during the call.
            let number = try SystemError.check("open /dev/null") { unsafe open("/dev/null", O_RDWR) }
            if number > STDERR_FILENO {
                close(number)
                return
            }
        }
    }
}
