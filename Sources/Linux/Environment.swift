// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// The environment variables of the process.
package enum Environment {
    /// The value of a variable; `nil` if it is not set.
    package static func value(of name: String) -> String? {
        // Sound: the program never changes its environment, so the text stays valid while it is copied.
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
