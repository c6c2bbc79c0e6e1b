// SPDX-License-Identifier: GPL-2.0-or-later

/// A data connection whose SYN has arrived; the shell has to create its conntrack entry.
package struct ExpectedConnection: Hashable, Sendable {
    /// The expectation that the SYN matches.
    package let expectation: Expectation
    /// The tuple of the SYN: the original tuple of the entry.
    package let original: Tuple
    /// Header bytes of each packet after the SYN, and of the SYN itself.
    let headerSize: Int
    let synSize: Int

    package init(expectation: Expectation, original: Tuple, headerSize: Int = 40, synSize: Int = 40) {
        self.expectation = expectation
        self.original = original
        self.headerSize = headerSize
        self.synSize = synSize
    }

    /// Creates it from its SYN.
    init(_ expectation: Expectation, _ syn: SYN) {
        var original = syn.tuple
        original.zone = expectation.zone
        self.init(
            expectation: expectation,
            original: original,
            headerSize: syn.headerSize,
            synSize: syn.size
        )
    }
}
