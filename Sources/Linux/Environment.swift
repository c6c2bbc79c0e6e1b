import Glibc

/// The environment of the process.
package enum Environment {
    /// The value of a variable; `nil` if it is not set.
    package static func value(of name: String) -> String? {
        // Sound: nothing in this program changes the environment, so that the text lives on while it is copied.
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
