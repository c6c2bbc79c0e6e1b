// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// A failed operation of the system, with its error code.
///
/// The description is meant to follow "pinhole: ", as in `create the conntrack entry: No space left on device`.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    /// The operation, in the imperative: `bind queue 21`.
    package let operation: String
    /// The `errno`; numbers from 4096 are specific to one subsystem of the kernel.
    package let code: Int32
    /// The meaning of `code`, if `strerror` does not know it.
    private let words: String?

    package init(_ operation: String, code: Int32, meaning words: String? = nil) {
        self.operation = operation
        self.code = code
        self.words = words
    }

    /// Two errors are equal if operation and code are.
    package static func == (left: SystemError, right: SystemError) -> Bool {
        left.code == right.code && left.operation == right.operation
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(operation)
        hasher.combine(code)
    }

    /// The operation and the reason: `bind queue 21: Operation not permitted`.
    package var description: String { "\(operation): \(reason)" }

    /// The meaning of `code`, in words.
    package var reason: String {
        if let words { return words }
        // Sound: glibc's strerror(3) returns NUL-terminated text for every number, in thread-local storage.
        return unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    /// Whether the operation may succeed if it is repeated at once: memory or buffer space was short.
    package var isMomentary: Bool { code == ENOBUFS || code == ENOMEM }
}
