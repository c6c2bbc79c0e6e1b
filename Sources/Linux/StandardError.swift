// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Standard error, without buffering.
package enum StandardError {
    /// Writes all of `text`; errors are ignored, as they could not be reported.
    package static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            // Sound: the kernel reads the buffer during the call only.
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest.removeFirst(count)
        }
    }

    /// Writes all of `text` without blocking; returns `false`, and writes nothing, if that is not possible.
    ///
    /// The descriptor stays in blocking mode, because it is shared with the process that started the program. A pipe that
    /// `poll` reports as writable takes `PIPE_BUF` bytes without blocking, so longer text is cut off there.
    package static func offer(_ text: String) -> Bool {
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        // Sound: `ready` is the one element that the call reads and writes.
        guard unsafe poll(&ready, 1, 0) == 1, ready.revents & Int16(POLLOUT) != 0 else { return false }
        var bytes = Array(text.utf8.prefix(Int(PIPE_BUF)))
        if bytes.count == Int(PIPE_BUF) { bytes[bytes.count - 1] = UInt8(ascii: "\n") }
        // Sound: the kernel reads `buffer.count` bytes from storage that lives during the call.
        return unsafe bytes.withUnsafeBytes { buffer in
            // The journal's end is a socket, which supports MSG_DONTWAIT. Anything else fails with ENOTSOCK.
            let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
            if unsafe send(STDERR_FILENO, buffer.baseAddress, buffer.count, flags) >= 0 { return true }
            guard errno == ENOTSOCK else { return false }
            return unsafe Glibc.write(STDERR_FILENO, buffer.baseAddress, buffer.count) >= 0
        }
    }

    /// Whether standard error goes to the journal, which understands `<N>` at the start of a line (`JOURNAL_STREAM`).
    ///
    /// The variable contains `device:inode` of the journal's end. They are compared, because a child process can inherit the
    /// variable and have another standard error.
    package static var isJournal: Bool {
        guard let stream = Environment.value(of: "JOURNAL_STREAM") else { return false }
        let numbers = stream.split(separator: ":").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return false }
        return FileIdentity(of: STDERR_FILENO) == FileIdentity(device: numbers[0], inode: numbers[1])
    }
}
