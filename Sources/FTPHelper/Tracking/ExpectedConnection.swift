/// A data connection whose SYN has come and for which the shell now makes the conntrack entry.
package struct ExpectedConnection: Hashable, Sendable {
    package let expectation: Expectation
    /// The SYN's own tuple: the original tuple of the entry.
    package let original: Tuple
    /// Bytes of the headers of each packet but the SYN, and of the SYN itself.
    let headerSize: Int
    let synSize: Int

    package init(expectation: Expectation, original: Tuple, headerSize: Int = 40, synSize: Int = 40) {
        self.expectation = expectation
        self.original = original
        self.headerSize = headerSize
        self.synSize = synSize
    }

    /// That of a SYN, which says how large its headers will be.
    init(expectation: Expectation, syn: Segment, _ packet: Span<UInt8>) {
        var original = syn.tuple
        original.zone = expectation.zone
        self.init(
            expectation: expectation,
            original: original,
            headerSize: syn.tcpOffset + 20 + (syn.hasTimeStamps(in: packet) ? 12 : 0),
            synSize: syn.payloadOffset
        )
    }
}
