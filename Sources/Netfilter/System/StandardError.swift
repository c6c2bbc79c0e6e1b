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
}
