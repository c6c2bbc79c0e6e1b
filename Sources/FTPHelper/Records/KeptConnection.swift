// SPDX-License-Identifier: GPL-2.0-or-later

/// A connection that an earlier daemon followed, restored from its record.
///
/// Only conntrack knows whether it still exists. Ask it first, then pass the connection to `Tracker.restore`.
package struct KeptConnection {
    /// The version of the record's layout: whoever changes what `Connection.write(into:_:)` writes counts it up.
    ///
    /// A daemon reads no records of another version. `LayoutTests` notices a layout that has changed under the same version.
    package static let version: UInt64 = 8

    let slot: ConnectionStore.Slot

    /// Reads a record; `nil` if it is corrupt or of another version.
    ///
    /// - Parameters:
    ///   - record: a record that `Tracker.takeRecords` handed over.
    ///   - now: the time, on the same clock as the times in the record.
    package init?(_ record: [UInt64], at now: Instant) {
        var reader = RecordReader(record)
        guard let connection = try? Connection.read(&reader, at: now), reader.isAtEnd else { return nil }
        slot = ConnectionStore.Slot(connection)
    }

    var connection: Connection { _read { yield slot.connection } }

    /// Tells whether to keep it if conntrack has no entry: the user has logged in, or its numbers are
    /// shifted.
    package var outlivesConntrack: Bool {
        !connection.isClosed && (connection.isLiberal || !connection.isWaiting)
    }

    /// Set if the direction of its conntrack entry was reversed, so that it was watched.
    package var isReversed: Bool { connection.isReversed }

    /// The two tuples of its conntrack entry.
    package var mapping: Mapping { connection.mapping }
    /// Identifier of its conntrack entry (`CTA_ID`).
    package var entryID: UInt32 { connection.entryID }
    /// Its open expectation.
    package var expectation: Expectation? { connection.expectation }
    /// The addresses that were admitted for it.
    package var admitted: [IPAddress] { connection.dataPairs.map(\.from) }
}
