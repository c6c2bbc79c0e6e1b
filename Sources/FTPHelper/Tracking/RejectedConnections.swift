// SPDX-License-Identifier: GPL-2.0-or-later

/// The set of connections that must not be adopted although they may be established: Pinhole saw them begin,
/// and then had no room for them, evicted them, or recognised that they are not FTP.
///
/// A daemon that starts adopts the connections that conntrack has as established (contract S2), except for
/// those in this set. The set is therefore stored in words that outlive the process.
///
/// It is a Bloom filter: it forgets nothing, never grows, and has more false positives as it fills. A false
/// positive only prevents an adoption, which only connections older than the daemon need.
package struct RejectedConnections {
    /// The key of the hashes, which keeps others from choosing false positives.
    package typealias Key = (UInt64, UInt64)

    /// Size in words: half a MiB, allocated with the first insertion.
    ///
    /// With 200,000 connections, about 1 % of the others are false positives.
    package static let wordCount = 1 << 16
    /// Number of bits set for one tuple.
    private static let hashes: UInt64 = 4

    package let key: Key
    private var words: [UInt64]
    /// Indices of the words that changed since the last `takeChanges`.
    private var changes: [Int] = []
    private let keepsChanges: Bool

    /// Creates an empty set with a new key.
    init(keepsChanges: Bool) {
        // The seed of `Hasher` is secret.
        key = (UInt64(bitPattern: Int64(0.hashValue)), UInt64(bitPattern: Int64(1.hashValue)))
        words = []
        self.keepsChanges = keepsChanges
    }

    /// Restores the set of an earlier daemon; `nil` if it is incomplete.
    package init?(key: Key, words: [UInt64]) {
        guard words.count == RejectedConnections.wordCount else { return nil }
        self.key = key
        self.words = words
        keepsChanges = false
    }

    /// The words from an index on, at most `count` of them.
    package func words(from start: Int, count: Int) -> [UInt64] {
        start < words.count ? Array(words[start..<min(start + count, words.count)]) : []
    }

    /// Tells whether this connection was added; also true for a few that were not.
    func contains(_ mapping: Mapping) -> Bool { contains(mapping.original) || contains(mapping.reply) }

    func contains(_ tuple: Tuple) -> Bool {
        guard !words.isEmpty else { return false }
        let hash = hash(of: tuple)
        return (0..<RejectedConnections.hashes).allSatisfy { number in
            let (word, mask) = RejectedConnections.place(number, hash)
            return words[word] & mask != 0
        }
    }

    /// Adds a tuple.
    mutating func insert(_ tuple: Tuple) {
        if words.isEmpty { words = Array(repeating: 0, count: RejectedConnections.wordCount) }
        let hash = hash(of: tuple)
        for number in 0..<RejectedConnections.hashes {
            let (word, mask) = RejectedConnections.place(number, hash)
            guard words[word] & mask == 0 else { continue }
            words[word] |= mask
            if keepsChanges { changes.append(word) }
        }
    }

    /// Passes each word that changed since the last call, with its index, to `keep`.
    mutating func takeChanges(_ keep: (Int, UInt64) -> Void) {
        for word in changes { keep(word, words[word]) }
        changes.removeAll(keepingCapacity: true)
    }

    /// The hash of a tuple without its zone, because the zone of a packet is not known.
    private func hash(of tuple: Tuple) -> UInt64 {
        var hash = SipHash(key)
        for address in [tuple.source.address, tuple.destination.address] {
            switch address {
            case .v4(let value): hash.combine(UInt64(value))
            case .v6(let high, let low):
                hash.combine(high)
                hash.combine(low)
            }
        }
        hash.combine(UInt64(tuple.source.port) << 16 | UInt64(tuple.destination.port))
        return hash.finalize()
    }

    /// The word and mask of one of the bits for a hash.
    private static func place(_ number: UInt64, _ hash: UInt64) -> (word: Int, mask: UInt64) {
        let bit = ((hash >> 32) &+ number &* (hash | 1)) % UInt64(wordCount * 64)
        return (Int(bit / 64), 1 << (bit % 64))
    }
}
