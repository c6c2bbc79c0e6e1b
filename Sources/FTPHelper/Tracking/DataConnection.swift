// SPDX-License-Identifier: GPL-2.0-or-later

/// A data connection that has arrived, as far as a transfer needs it.
package struct DataConnection: Hashable, Sendable {
    /// The number of its expectation.
    package let id: UInt64
    package let kind: Expectation.Kind
    /// The tuple of the SYN: the original tuple of the conntrack entry.
    package let original: Tuple
    /// Bytes of headers in each packet, and the additional header bytes of a SYN.
    let headerSize: Int
    let handshakeSurplus: Int

    /// Creates it from the SYN of an expected connection.
    init(_ connection: ExpectedConnection) {
        id = connection.expectation.id
        kind = connection.expectation.kind
        original = connection.original
        headerSize = connection.headerSize
        handshakeSurplus = max(0, connection.synSize - connection.headerSize)
    }

    /// Estimates the bytes of payload from what conntrack has counted.
    ///
    /// Retransmitted bytes count twice. Otherwise the result is exact if both ends use time stamps when the
    /// SYN does, and, for the receiver's direction, if no SACK is sent.
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
