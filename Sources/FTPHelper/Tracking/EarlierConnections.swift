/// Connections that were established before any of their packets could come by: the only ones that are adopted (contract S2).
///
/// Conntrack is asked for them once, when the daemon or its rules start. Whatever else is first seen in its middle has begun
/// in sight, and so has not logged in: what is seen of it first can be chosen by an attacker, in a dozen ways.
struct EarlierConnections {
    /// Conntrack entries (`CTA_ID`), by the hashes of both tuples: their seed is nobody's to know, and two of 64 bits never meet.
    private var entries: [Int: UInt32] = [:]

    /// Tells whether a packet with this tuple, in whatever zone, may be of such a connection.
    func mayContain(_ tuple: Tuple) -> Bool { !entries.isEmpty && entries[tuple.hashValue] != nil }

    mutating func insert(_ mapping: Mapping, entryID: UInt32) {
        entries[mapping.original.hashValue] = entryID
        entries[mapping.reply.hashValue] = entryID
    }

    /// Takes a connection out; returns whether it was there as that conntrack entry.
    mutating func remove(_ mapping: Mapping, entryID: UInt32) -> Bool {
        guard !entries.isEmpty else { return false }
        let original = entries.removeValue(forKey: mapping.original.hashValue)
        let reply = entries.removeValue(forKey: mapping.reply.hashValue)
        return original == entryID && reply == entryID
    }
}
