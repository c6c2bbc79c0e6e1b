import Glibc

extension SystemError {
    /// Makes a system call and returns what it returns; -1 becomes an error with its `errno`.
    ///
    /// A call that a signal interrupted is made again (`EINTR`), here and nowhere else.
    package static func check<Result: SignedInteger>(
        _ operation: @autoclosure () -> String,
        _ call: () -> Result
    ) throws(SystemError) -> Result {
        while true {
            let result = call()
            if result != -1 { return result }
            // Read at once: whatever is called next may change it.
            let code = errno
            guard code == EINTR else { throw SystemError(operation(), code: code) }
        }
    }
}
