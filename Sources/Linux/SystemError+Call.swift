// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

extension SystemError {
    /// Makes a system call and returns its result; -1 is thrown as an error with the call's `errno`.
    ///
    /// A call that a signal has interrupted (`EINTR`) is repeated.
    package static func check<Result: SignedInteger>(
        _ operation: @autoclosure () -> String,
        _ call: () -> Result
    ) throws(SystemError) -> Result {
        while true {
            let result = call()
            if result != -1 { return result }
            // Read before any other call can change it.
            let code = errno
            guard code == EINTR else { throw SystemError(operation(), code: code) }
        }
    }
}
