// SPDX-License-Identifier: GPL-2.0-or-later

/// The streams of a control connection whose sequence numbers another part of the kernel shifts, behind the
/// queue.
///
/// SYNPROXY does this: it chooses a sequence number on behalf of the server before it knows the server's own.
/// The acknowledgements of such a stream do not match the numbers seen here, so nothing on the connection can
/// be edited.
package struct ShiftedStreams: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The client's stream, conntrack's original direction.
    package static let client = ShiftedStreams(rawValue: 1)
    /// The server's stream.
    package static let server = ShiftedStreams(rawValue: 2)

    /// Tells whether the stream of a side is among them.
    func contains(_ side: Session.Side) -> Bool {
        isSuperset(of: side == .client ? ShiftedStreams.client : .server)
    }
}
