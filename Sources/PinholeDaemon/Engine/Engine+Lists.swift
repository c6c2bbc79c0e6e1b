// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Linux
import Netfilter

/// Lists, statistics and deletions that users ask for.
extension Engine where System: ~Copyable {
    /// Deletes an expectation; `false` if there is none with that number.
    package mutating func delete(_ id: UInt64, at now: Instant) -> Bool {
        output.clear()
        let wasOpen = tracker.delete(id, into: &output)
        perform(at: now)
        return wasOpen
    }

    /// Ends the session with this number, and returns the number of such sessions; if there are several, it ends none.
    package mutating func disconnect(_ id: UInt32, at now: Instant) -> Int {
        output.clear()
        let count = tracker.disconnect(id, at: now, into: &output)
        perform(at: now)
        return count
    }

    /// Deletes every expectation and returns how many there were.
    package mutating func flush(at now: Instant) -> Int {
        output.clear()
        let count = tracker.flush(into: &output)
        perform(at: now)
        return count
    }

    /// The open expectations, oldest first.
    package var expectations: [Expectation] { tracker.expectations }

    /// The followed control connections, in no particular order.
    package var connections: [ConnectionSummary] { tracker.connections }

    /// The transfers in progress, oldest first, with their byte counts so far.
    package mutating func transfers(at now: Instant) -> [TransferSummary] {
        output.clear()
        let oldest = tracker.transfers.sorted { $0.began < $1.began }.prefix(Engine.maximumLooks)
        output.actions += oldest.map { .measure($0) }
        perform(at: now)
        return tracker.transfers.sorted { $0.began < $1.began }
    }

    /// Maximum number of transfers that one listing looks up in conntrack; the byte counts of the others are up to a minute
    /// old.
    ///
    /// Each takes about 10 µs, during which packets wait.
    static var maximumLooks: Int { 1000 }

    /// All statistics, with the queues' figures and the number of lost log lines as given.
    package func report(_ queue: QueueFigures?, lostLines: UInt64) -> StatisticsReport {
        var faults = notices.faultCounts
        faults[.log] = lostLines
        return StatisticsReport(
            tracker.statistics,
            connections: tracker.connectionCount,
            expectations: tracker.expectationCount,
            transfers: tracker.transferCount,
            encryptedSessions: tracker.encryptedSessionCount,
            faults: faults,
            rules: rules,
            queue: queue
        )
    }
}
