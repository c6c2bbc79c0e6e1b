/// The streams of a control connection whose numbers somebody else shifts, behind us and in the kernel.
///
/// SYNPROXY does it: it has chosen a number for the server before it knew the server's own. What a stream's receiver acknowledges is
/// then not what its sender is known to number here, and nothing of the connection can be edited.
package struct ShiftedStreams: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// What the client sends, conntrack's original direction.
    package static let client = ShiftedStreams(rawValue: 1)
    /// What the server sends.
    package static let server = ShiftedStreams(rawValue: 2)

    /// Tells whether what a side sends is among them.
    func contains(_ side: Session.Side) -> Bool {
        isSuperset(of: side == .client ? ShiftedStreams.client : .server)
    }
}
