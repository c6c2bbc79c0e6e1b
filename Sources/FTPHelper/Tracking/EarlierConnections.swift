// SPDX-License-Identifier: GPL-2.0-or-later

/// Connections that were established before their packets could be seen: the only ones that are adopted
/// (contract S2).
///
/// They are read from conntrack once, when the daemon or its rules start. Any other connection that is first
/// seen in the middle began while the daemon was watching. It does not count as logged in, because an
/// attacker has many ways to choose what is seen of a connection first.
struct EarlierConnections {
    /// Conntrack entries (`CTA_ID`) by the hashes of both tuples.
    ///
    /// The seed is secret, and 64-bit hashes practically never collide.
    private var entries: [Int: UInt32] = [:]

    /// Tells whether a packet with this tuple, in any zone, may belong to such a connection.
    func mayContain(_ tuple: Tuple) -> Bool { !entries.isEmpty && entries[tuple.hashValue] != nil }

    /// Adds a connection under both tuples.
    mutating func insert(_ mapping: Mapping, entryID: UInt32) {
        entries[mapping.original.hashValue] = entryID
        entries[mapping.reply.hashValue] = entryID
    }

    /// Removes a connection; returns whether it was there with that conntrack entry.
    mutating func remove(_ mapping: Mapping, entryID: UInt32) -> Bool {
        guard !entries.isEmpty else { return false }
        let original = entries.removeValue(forKey: mapping.original.hashValue)
        let reply = entries.removeValue(forKey: mapping.reply.hashValue)
        return original == entryID && reply == entryID
    }
}
