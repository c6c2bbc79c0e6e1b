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
    consuming func release() { discard self }

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
