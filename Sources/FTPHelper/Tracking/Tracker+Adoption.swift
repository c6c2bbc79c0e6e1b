// SPDX-License-Identifier: GPL-2.0-or-later

/// Adoption: connections that count as logged in although the login was not seen (contract S2).
extension Tracker {
    /// Records that conntrack had this connection established when the daemon or its rules started: it may be
    /// adopted.
    ///
    /// A connection that is followed, or that is known to have begun in sight, may not be adopted.
    ///
    /// - Parameters:
    ///   - mapping: the two tuples of its conntrack entry.
    ///   - entryID: the identifier of the entry (`CTA_ID`).
    ///   - predecessors: the connections that began in the sight of earlier daemons.
    package mutating func noteEarlier(
        _ mapping: Mapping,
        entryID: UInt32 = 0,
        predecessors: [RejectedConnections] = []
    ) {
        guard !follows(mapping) else { return }
        guard !predecessors.contains(where: { $0.contains(mapping) }), !rejected.contains(mapping) else {
            reject(mapping)
            return
        }
        earlier.insert(mapping, entryID: entryID)
    }

    /// Records that the handshake of a connection was under way when the daemon or its rules started.
    ///
    /// If no daemon saw its SYN, or an earlier one saw a SYN that asked for fast open, the SYN may have
    /// carried the beginning of the stream. No login on such a connection counts.
    ///
    /// - Parameters:
    ///   - mapping: the two tuples of its conntrack entry.
    ///   - predecessors: the rejected connections of earlier daemons whose rules stayed in place, here or on
    ///     a peer.
    ///   - now: the time.
    package mutating func noteOpening(
        _ mapping: Mapping,
        predecessors: [RejectedConnections],
        at now: Instant
    ) {
        guard !follows(mapping),
            predecessors.isEmpty || predecessors.contains(where: { $0.contains(mapping.original) })
        else { return }
        fastOpens.distrust(mapping.original, at: now)
    }

    /// Rejects a connection for good: it has begun in sight, or is a data connection, and is never adopted.
    package mutating func reject(_ mapping: Mapping) {
        rejected.insert(mapping.original)
        rejected.insert(mapping.reply)
    }

    /// Tells whether a packet belongs to a connection that is followed.
    package func follows(_ segment: Segment) -> Bool { store.slot(of: segment.tuple) != nil }

    /// Passes each word of the rejected connections that changed since the last call, with its index, to
    /// `keep`.
    package mutating func takeRejectedConnections(_ keep: (Int, UInt64) -> Void) {
        rejected.takeChanges(keep)
    }

    /// The key of the words that `takeRejectedConnections` hands over.
    package var rejectedConnectionsKey: RejectedConnections.Key { rejected.key }
}
