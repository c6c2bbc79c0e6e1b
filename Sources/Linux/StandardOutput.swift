// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Standard output, without buffering.
package enum StandardOutput {
    /// Whether somebody looks at it: it is a terminal.
    package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// How many characters a line of the terminal has; 80 if that cannot be found out.
    package static var columns: Int {
        var size = winsize()
        // Sound: the kernel writes one `winsize`, which lives during the call.
        let result = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
        return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Writes all of `text`, and blocks as long as the reader needs.
    ///
    /// - Throws: `EPIPE` if nobody reads any more, `ENOSPC` if the disk is full.
    package static func write(_ text: String) throws(SystemError) {
        try write(Array(text.utf8)[...])
    }

    /// Writes all of `bytes`, and blocks as long as the reader needs.
    ///
    /// - Throws: `EPIPE` if nobody reads any more, `ENOSPC` if the disk is full.
    package static func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            // Sound: the kernel reads `buffer.count` bytes from storage that lives during the call.
            let count = try SystemError.check("write to standard output") {
                unsafe rest.withUnsafeBytes { buffer in
                    unsafe Glibc.write(STDOUT_FILENO, buffer.baseAddress, buffer.count)
                }
            }
            rest = rest.dropFirst(count)
        }
    }
}
