/// A connection that an earlier daemon followed, as its record has it.
///
/// Whether it is still the same one, only conntrack knows: `Tracker.restore` takes it back once that was asked.
package struct KeptConnection {
    /// The version of the record's layout: whoever changes what `Connection.write(into:_:)` writes counts it up.
    ///
    /// A daemon reads no records of another version. `LayoutTests` notices a layout that has changed under the same version.
    package static let version: UInt64 = 7

    let connection: Connection
    /// Set if nobody had logged in on it yet.
    let wasWaiting: Bool

    /// Reads a record; `nil` if it is none, or of a version that is not understood.
    ///
    /// - Parameters:
    ///   - record: as `Tracker.takeRecords` has given it.
    ///   - now: the time, on the clock that the record's own times are of.
    package init?(_ record: [UInt64], at now: Instant) {
        var reader = RecordReader(record)
        guard let connection = try? Connection(reading: &reader, at: now),
            let wasWaiting = try? reader.next(Bool.self), reader.isAtEnd
        else { return nil }
        self.connection = connection
        self.wasWaiting = wasWaiting
    }

    /// Tells whether it is worth keeping when conntrack has forgotten it: somebody has logged in, or its numbers are shifted.
    package var outlivesConntrack: Bool { !connection.isClosed && (connection.isLiberal || !wasWaiting) }

    /// Set if conntrack had it the wrong way round, so that it was watched.
    package var isReversed: Bool { connection.isReversed }

    package var mapping: Mapping { connection.mapping }
    /// Which conntrack entry it had.
    package var entryID: UInt32 { connection.entryID }
    /// What it had open.
    package var expectation: Expectation? { connection.expectation }
    /// The addresses that were admitted for it.
    package var admitted: [IPAddress] { connection.dataPairs.map(\.from) }
}
