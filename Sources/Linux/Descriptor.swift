import Glibc

/// A file descriptor that is closed when its owner goes.
package struct Descriptor: ~Copyable {
    /// The number, valid as long as this value lives.
    package let number: Int32

    /// Takes over an open descriptor; nobody else may close it.
    package init(adopting number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Leaves it to somebody else to close.
    package consuming func release() { discard self }

    /// The first bytes of the file, at most so many.
    ///
    /// - Parameters:
    ///   - size: as many as there is room for.
    ///   - operation: what is read, for the error.
    /// - Returns: Fewer than `size` only if the file has no more.
    /// - Throws: What the system says to reading it.
    func contents(upTo size: Int, _ operation: @autoclosure () -> String) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var end = 0
        while end < size {
            // Sound: the kernel writes at most what is left of the storage, from `end` on.
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

    /// Opens `/dev/null` for those of standard input, output and error that are closed.
    ///
    /// Otherwise the next file that is opened gets their number, and the log would be written into a socket.
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
