/// How much of a connection a record says.
///
/// Where the records of all take more room than there is, one says no more than it takes to go on: that has a bound which
/// no client can widen, so that there can be room for it whatever others do.
struct RecordExtent {
    /// How many edits of each stream, by side, the newest of them.
    private(set) var edits: [2 of Int] = .init(repeating: .max)
    /// Whether each stream's line that has not ended is in it, by side; what is still to come of another is passed over.
    private(set) var keepsLine: [2 of Bool] = .init(repeating: true)
    /// Bytes of the user's name, which only people read.
    private(set) var nameSize = Int.max
    /// Data connections of an encrypted session, the newest of them: those left out no longer count for its `maximum`.
    private(set) var liveCount = Int.max

    /// Everything.
    static let whole = RecordExtent()

    /// Tells whether nothing is left out.
    var isWhole: Bool { nameSize == .max }

    /// What it takes to go on.
    ///
    /// Positions, shifts, the session and the expectation are always in it, and so is what is withheld, which its sender
    /// sends no more. The rest shares `sharedSize`: first the edits, the newest in front, since the receiver may not have
    /// their text yet; then lines that have not ended; then the name.
    static func least(of connection: Connection) -> RecordExtent {
        var extent = RecordExtent()
        var size = sharedSize
        var editCount = maximumEdits
        for side in connection.streams.indices { size -= connection.streams[side].heldCount }
        for side in connection.streams.indices {
            let texts = connection.streams[side].edits.reversed().lazy.map(\.text.count)
            extent.edits[side] = 0
            for count in texts {
                guard editCount > 0, count <= size else { break }
                editCount -= 1
                size -= count
                extent.edits[side] += 1
            }
        }
        for side in connection.streams.indices {
            let stream = connection.streams[side]
            let count = max(0, stream.rest.count - stream.heldCount)
            extent.keepsLine[side] = count <= max(0, size)
            if extent.keepsLine[side] { size -= count }
        }
        extent.nameSize = max(0, size)
        extent.liveCount = 2
        return extent
    }

    /// Bytes that edits, lines and the name may have together: an announcement of either side and its line, in IPv6.
    private static let sharedSize = 144
    /// Edits of both streams together.
    private static let maximumEdits = 4
}
