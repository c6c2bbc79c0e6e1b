/// A data connection that came, as far as a transfer has to know it.
package struct DataConnection: Hashable, Sendable {
    /// The number of the expectation that it came for.
    package let id: UInt64
    package let kind: Expectation.Kind
    /// The SYN's own tuple: the original tuple of its conntrack entry.
    package let original: Tuple
    /// Bytes of the headers of its packets, and how many more a SYN's had.
    let headerSize: Int
    let handshakeSurplus: Int

    /// Takes it from the SYN of an expected connection.
    init(_ connection: ExpectedConnection) {
        id = connection.expectation.id
        kind = connection.expectation.kind
        original = connection.original
        headerSize = connection.headerSize
        handshakeSurplus = max(0, connection.synSize - connection.headerSize)
    }

    /// The bytes of data, without headers, that conntrack must have seen.
    ///
    /// What is sent twice is counted twice; else it is exact where both ends use time stamps if the one that sends the SYN does,
    /// and for the receiver's side where no SACK is needed.
    package func bytes(of traffic: Traffic) -> TransferBytes {
        let original = payload(of: traffic.original)
        let reply = payload(of: traffic.reply)
        return kind.isActive
            ? TransferBytes(up: reply, down: original) : TransferBytes(up: original, down: reply)
    }

    private func payload(of direction: Traffic.Direction) -> UInt64 {
        guard direction.packets > 0 else { return 0 }
        let (headers, isTooMuch) = direction.packets.multipliedReportingOverflow(by: UInt64(headerSize))
        let overhead = headers &+ UInt64(handshakeSurplus)
        return isTooMuch || overhead > direction.bytes ? 0 : direction.bytes - overhead
    }
}
