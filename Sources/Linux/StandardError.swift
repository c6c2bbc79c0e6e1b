import Glibc

/// Standard error, unbuffered.
package enum StandardError {
    /// Writes `text` whole; gives up silently where nobody can read it, for there is nowhere left to say so.
    package static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            // The buffer is read only, and only during the call.
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest.removeFirst(count)
        }
    }

    /// Writes all of `text`, or nothing; `false` if it could not be written without waiting.
    ///
    /// The descriptor itself is left blocking, for it is shared with whoever started the program. A pipe that `poll`
    /// calls writable takes `PIPE_BUF` bytes without waiting, and a longer text is cut to that.
    package static func offer(_ text: String) -> Bool {
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        // Sound: `ready` is the one element that the call reads and fills in.
        guard unsafe poll(&ready, 1, 0) == 1, ready.revents & Int16(POLLOUT) != 0 else { return false }
        var bytes = Array(text.utf8.prefix(Int(PIPE_BUF)))
        if bytes.count == Int(PIPE_BUF) { bytes[bytes.count - 1] = UInt8(ascii: "\n") }
        // Sound: the kernel reads `buffer.count` bytes from storage that lives during the call.
        return unsafe bytes.withUnsafeBytes { buffer in
            // The journal's end is a socket, which alone knows how not to wait; anything else says ENOTSOCK.
            let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
            if unsafe send(STDERR_FILENO, buffer.baseAddress, buffer.count, flags) >= 0 { return true }
            guard errno == ENOTSOCK else { return false }
            return unsafe Glibc.write(STDERR_FILENO, buffer.baseAddress, buffer.count) >= 0
        }
    }

    /// Tells whether the journal reads it, and so understands `<N>` before a line (`JOURNAL_STREAM`).
    ///
    /// The variable holds `device:inode` of the journal's end, since a child may have the variable and another pipe.
    package static var isJournal: Bool {
        guard let stream = Environment.value(of: "JOURNAL_STREAM") else { return false }
        let numbers = stream.split(separator: ":").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return false }
        return FileIdentity(of: STDERR_FILENO) == FileIdentity(device: numbers[0], inode: numbers[1])
    }
}
