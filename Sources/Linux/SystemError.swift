import Glibc

/// A request that the system refused: what was asked for, and the number it answered with.
///
/// The description reads on after "pinhole: ": `create the conntrack entry: No space left on device`.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    /// What was tried, as an order: `bind queue 21`.
    package let operation: String
    /// The `errno`; from 4096 on a number that only one subsystem of the kernel answers with.
    package let code: Int32
    /// What `code` means, where `strerror` does not know it.
    private let words: String?

    package init(_ operation: String, code: Int32, meaning words: String? = nil) {
        self.operation = operation
        self.code = code
        self.words = words
    }

    package static func == (left: SystemError, right: SystemError) -> Bool {
        left.code == right.code && left.operation == right.operation
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(operation)
        hasher.combine(code)
    }

    package var description: String { "\(operation): \(reason)" }

    /// What `code` means, in words.
    package var reason: String {
        if let words { return words }
        // Sound: glibc's strerror(3) answers NUL-terminated text for every number, in storage of this thread.
        return unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    /// Tells whether the same may well succeed at once: there was no memory for it, or none for the answer.
    package var isMomentary: Bool { code == ENOBUFS || code == ENOMEM }
}
