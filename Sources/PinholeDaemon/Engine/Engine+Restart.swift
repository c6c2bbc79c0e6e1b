// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Linux
import Netfilter

/// Takes over the connections of an earlier daemon, and finds established connections that no daemon has followed.
extension Engine where System: ~Copyable {
    /// Restores connections from the records of an earlier daemon, or of a peer, as far as conntrack still has them.
    ///
    /// - Parameters:
    ///   - records: the records, newest first.
    ///   - origin: who wrote them.
    ///   - now: the current time.
    /// - Returns: How many connections were restored, and how many were dropped.
    package mutating func restore(
        _ records: [[UInt64]],
        from origin: RecordOrigin = .predecessor,
        at now: Instant
    ) -> (restored: Int, dropped: Int) {
        output.clear()
        var restored = 0
        var outdated = 0
        var gone: [IPAddress] = []
        for record in records {
            guard let kept = KeptConnection(record, at: now, from: origin) else { continue }
            // The daemon was killed between writing a newer record and freeing this one.
            guard !tracker.follows(kept.mapping) else {
                outdated += 1
                continue
            }
            guard restore(kept, at: now) else {
                guard !kept.isOfPeer else { continue }
                if kept.isReversed { output.actions.append(.unwatch(kept.mapping)) }
                // A daemon has seen its beginning, so `survey` must not adopt it.
                tracker.reject(kept.mapping)
                guard let expectation = kept.expectation else { continue }
                gone += kept.queuedAddresses
                if expectation.kind != .ftps { output.actions.append(.close(expectation)) }
                continue
            }
            restored += 1
        }
        output.actions += gone.filter { !tracker.queuesSYNs(from: $0) }.map(Action.stopQueueingSYNs)
        perform(at: now)
        return (restored, records.count - restored - outdated)
    }

    /// Those of the records that describe a later state of a connection than one of some others; in both, the newest come first.
    package static func records(
        _ records: [[UInt64]],
        laterThan others: [[UInt64]],
        at now: Instant
    ) -> [[UInt64]] {
        var known: [Tuple: KeptConnection] = [:]
        for record in others.reversed() {
            guard let kept = KeptConnection(record, at: now) else { continue }
            known[kept.mapping.original] = kept
        }
        return records.filter { record in
            guard let kept = KeptConnection(record, at: now) else { return false }
            return known[kept.mapping.original].map { kept.isLater(than: $0) } ?? false
        }
    }

    /// Restores one connection; `false` if conntrack has another one with its tuples, or the table is full.
    mutating func restore(_ kept: KeptConnection, at now: Instant) -> Bool {
        let whereabouts = whereabouts(of: kept, at: now)
        guard whereabouts.isCredible(for: kept),
            tracker.restore(
                kept,
                entryID: whereabouts.entryID,
                isCertain: whereabouts.isCertain,
                at: now,
                into: &output
            )
        else { return false }
        switch whereabouts {
        case .closing:
            tracker.complete(.verified(kept.mapping, .closing), at: now, into: &output)
        case .forgotten:
            tracker.complete(.verified(kept.mapping, .gone), at: now, into: &output)
        case .there, .thereAgain, .replaced: break
        }
        return true
    }

    /// Finds the connections that were established before the daemon or its rules were there; these may be adopted (contract S2).
    ///
    /// Connections in the middle of their handshake are not adopted. They are followed from their SYN-ACK on, unless their SYN may
    /// have carried payload that nobody saw.
    ///
    /// Call it when the daemon starts, after `restore` and before it takes packets, and each time the rules are loaded. Packets
    /// wait meanwhile, about 0.4 s for 100,000 connections.
    ///
    /// - Parameters:
    ///   - predecessors: connections whose beginning earlier daemons saw without following them, here or on a peer.
    ///   - now: the current time.
    /// - Returns: The number of established connections, whatever their ports.
    package mutating func survey(predecessors: [RejectedConnections] = [], at now: Instant) -> Int {
        output.clear()
        var found = 0
        do throws(SystemError) {
            try Engine.survey(&kernel, &tracker, predecessors, at: now, counting: &found)
        } catch {
            notices.count(.findConnection, at: now, error.description)
        }
        perform(at: now)
        return found
    }

    static func survey(
        _ kernel: inout System,
        _ tracker: inout Tracker,
        _ predecessors: [RejectedConnections],
        at now: Instant,
        counting found: inout Int
    ) throws(SystemError) {
        try kernel.survey { entry in
            guard !entry.isShakingHands else {
                tracker.noteOpening(entry.mapping, predecessors: predecessors, at: now)
                return
            }
            found += 1
            if entry.master != nil {
                tracker.reject(entry.mapping)
            } else {
                tracker.noteEarlier(entry.mapping, entryID: entry.id, predecessors: predecessors)
            }
        }
    }

    /// Publishes the state files, so that the next daemon finds them.
    package mutating func publishState() throws(SystemError) {
        try rejected?.publish()
        try state?.publish()
    }

    /// The state of a restored connection in conntrack.
    enum Whereabouts {
        /// The connection's entry, with its present identifier.
        case there(entryID: UInt32)
        case closing(entryID: UInt32)
        /// A new entry with the same tuples, after `conntrack -F`.
        case thereAgain
        case forgotten
        /// An entry of another connection, or of the kernel's helper.
        case replaced

        /// Tells whether the record describes what conntrack has.
        func isCredible(for kept: KeptConnection) -> Bool {
            switch self {
            case .there, .closing, .thereAgain: true
            case .forgotten: kept.outlivesConntrack
            case .replaced: false
            }
        }

        var entryID: UInt32? {
            switch self {
            case .there(let entryID), .closing(let entryID): entryID
            case .thereAgain, .forgotten, .replaced: nil
            }
        }

        /// Whether conntrack has had the entry all the time.
        var isCertain: Bool { if case .thereAgain = self { false } else { true } }
    }

    /// Looks up a restored connection in conntrack.
    mutating func whereabouts(of kept: KeptConnection, at now: Instant) -> Whereabouts {
        do throws(SystemError) {
            guard let entry = try kernel.entry(for: kept.mapping.original) else { return .forgotten }
            guard entry.isOf(kept.mapping) else { return .replaced }
            if kept.isOfPeer {
                // Its identifier is that of another machine.
                guard entry.helper == nil, entry.master == nil else { return .replaced }
            } else if entry.id != kept.entryID {
                return .thereAgain
            }
            return entry.isEstablished ? .there(entryID: entry.id) : .closing(entryID: entry.id)
        } catch {
            notices.count(.findConnection, at: now, error.description)
            return .replaced
        }
    }
}
