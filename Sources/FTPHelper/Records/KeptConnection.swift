// SPDX-License-Identifier: GPL-2.0-or-later

/// A connection that another daemon followed, restored from its record.
///
/// Only conntrack knows whether it still exists. Ask it first, then pass the connection to `Tracker.restore`.
package struct KeptConnection {
    /// The version of the record's layout.
    ///
    /// Add one whenever you change what `Connection.write(into:_:)` writes. `LayoutTests` fails if the layout
    /// has changed and the version has not.
    package static let version: UInt64 = 9
    /// The versions that can be read: the current and the previous one; 8 is the oldest.
    ///
    /// A daemon thus continues with the sessions of the one before an upgrade, and two gateways can be upgraded
    /// one after the other.
    package static let readableVersions: ClosedRange<UInt64> = max(8, version - 1)...version

    let slot: ConnectionStore.Slot
    private let origin: RecordOrigin

    /// Reads a record; `nil` if it is corrupt or of another version.
    ///
    /// - Parameters:
    ///   - record: a record that `Tracker.takeRecords` handed over.
    ///   - now: the time.
    ///   - origin: who wrote it.
    package init?(_ record: [UInt64], at now: Instant, from origin: RecordOrigin = .predecessor) {
        let shift: Int64 = if case .peer(let clockShift) = origin { clockShift } else { 0 }
        var reader = RecordReader(record, clockShift: shift)
        guard let connection = try? Connection.read(&reader, at: now), reader.isAtEnd else { return nil }
        slot = ConnectionStore.Slot(connection)
        self.origin = origin
    }

    var connection: Connection { _read { yield slot.connection } }

    /// Tells whether a daemon on another gateway wrote it.
    package var isOfPeer: Bool { if case .peer = origin { true } else { false } }

    /// Tells whether to keep the connection if conntrack has no entry: the user has logged in, or its numbers
    /// are shifted.
    ///
    /// A record of a peer is used only if conntrack has the connection.
    package var outlivesConntrack: Bool {
        !isOfPeer && !connection.isClosed && (connection.isLiberal || !connection.isWaiting)
    }

    /// Tells whether both describe one connection, and more of its bytes had been seen when this one was
    /// written.
    package func isLater(than other: KeptConnection) -> Bool {
        let progress = connection.streams.indices.map { side in
            other.connection.streams[side].next.distance(to: connection.streams[side].next)
        }
        return progress.allSatisfy { abs($0) < Stream.reach } && progress.reduce(0, +) > 0
    }

    /// Whether the direction of its conntrack entry was reversed, so that the connection was watched.
    package var isReversed: Bool { connection.isReversed }

    /// The two tuples of its conntrack entry.
    package var mapping: Mapping { connection.mapping }
    /// Identifier of its conntrack entry (`CTA_ID`); another gateway has another one.
    package var entryID: UInt32 { connection.entryID }
    /// Its open expectation.
    package var expectation: Expectation? { connection.expectation }
    /// The addresses whose SYNs are queued for it.
    package var queuedAddresses: [IPAddress] { connection.dataPairs.map(\.from) }
}
