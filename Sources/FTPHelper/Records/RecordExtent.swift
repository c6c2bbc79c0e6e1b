// SPDX-License-Identifier: GPL-2.0-or-later

/// How much of a connection its record contains.
///
/// If all records together take too much room, a record is reduced to what is needed to continue. That has a
/// maximum size which no client can exceed, so there can be room for it whatever others do.
struct RecordExtent {
    /// Maximum number of edits of each stream, by side; the newest are kept.
    private(set) var edits: [2 of Int] = .init(repeating: .max)
    /// Whether each stream's unfinished line is kept, by side.
    ///
    /// If not, the rest of the line will be skipped.
    private(set) var keepsLine: [2 of Bool] = .init(repeating: true)
    /// Maximum number of bytes of the user's name, which is only for display.
    private(set) var nameSize = Int.max
    /// Maximum number of data connections of an encrypted session; the newest are kept.
    ///
    /// The others no longer count against its `maximum`.
    private(set) var liveCount = Int.max

    /// The whole connection.
    static let whole = RecordExtent()

    /// Tells whether nothing is left out.
    var isWhole: Bool { nameSize == .max }

    /// The minimum that is needed to continue.
    ///
    /// Positions, shifts, the session and the expectation are always included, and so are withheld bytes,
    /// which the sender does not send again. The rest shares `sharedSize` bytes: first the edits, the newest
    /// first, because the receiver may not have their text yet; then unfinished lines; then the user's name.
    static func least(of connection: borrowing Connection) -> RecordExtent {
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

    /// Bytes for edits, lines and the name together: enough for an IPv6 announcement of either side and its
    /// line.
    private static let sharedSize = 144
    /// Maximum number of edits of both streams together.
    private static let maximumEdits = 4
}
