import Glibc

/// A file descriptor that is closed when its owner goes.
package struct Descriptor: ~Copyable {
    /// The number, valid as long as this value lives.
    package let number: Int32

    /// Takes over an open descriptor; nobody else may close it.
    package init(adopting number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }
}
