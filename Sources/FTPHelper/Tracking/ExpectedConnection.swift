/// A data connection whose SYN has come and for which the shell now makes the conntrack entry.
package struct ExpectedConnection: Hashable, Sendable {
    package let expectation: Expectation
    /// The SYN's own tuple: the original tuple of the entry.
    package let original: Tuple

    package init(expectation: Expectation, original: Tuple) {
        self.expectation = expectation
        self.original = original
    }
}
