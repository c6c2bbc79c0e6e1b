/// How much one direction of a connection may keep.
struct StreamLimits: Sendable {
    /// Bytes of a line; a longer one passes uninspected (contract B5).
    var line = 4096
    /// Bytes kept to compare retransmissions with; what is unacknowledged beyond passes as it comes.
    var history = 8192
    /// Bytes of segments that came too early; what is beyond passes unread.
    var ahead = 32768
    /// Pieces that those may be in, since each new segment is put between them.
    var fragments = 64
    /// Edits that may wait for their acknowledgement before new bytes have to wait too: a sender with more than this under
    /// way announces a data connection every few bytes.
    var edits = 32

    /// Enough to go on with, for when all connections together keep too much: any line of a session that is honest and
    /// in order.
    static let scarce = StreamLimits(line: 512, history: 0, ahead: 0, fragments: 0, edits: 4)
}
