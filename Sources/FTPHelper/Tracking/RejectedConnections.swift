/// Connections that began in sight and are not followed: they found no place, lost it, or were none of FTP's.
///
/// What conntrack has established when a daemon starts may be adopted (contract S2); these may not, and the next daemon has to
/// know them, too. So they are kept in words that outlive the process.
///
/// It is a Bloom filter: it forgets nothing and never grows, and as it fills up, takes more and more others for rejected.
/// All that those lose is to be adopted, which only connections older than the daemon ever need.
package struct RejectedConnections {
    /// What its hashes are keyed with, so that nobody can choose whom else they mean.
    package typealias Key = (UInt64, UInt64)

    /// Half a MiB once there is anything in it; of 200,000 connections it mistakes one in a hundred others for one of them.
    package static let wordCount = 1 << 16
    /// Bits that stand for one tuple.
    private static let hashes: UInt64 = 4

    package let key: Key
    private var words: [UInt64]
    /// The numbers of the words that `takeChanges` has not handed over yet.
    private var changes: [Int] = []
    private let keepsChanges: Bool

    /// An empty one with a key of its own.
    init(keepsChanges: Bool) {
        // `Hasher`'s seed is nobody's to know.
        key = (UInt64(bitPattern: Int64(0.hashValue)), UInt64(bitPattern: Int64(1.hashValue)))
        words = []
        self.keepsChanges = keepsChanges
    }

    /// What an earlier daemon has left; `nil` if that is not all of it.
    package init?(key: Key, words: [UInt64]) {
        guard words.count == RejectedConnections.wordCount else { return nil }
        self.key = key
        self.words = words
        keepsChanges = false
    }

    /// Tells whether this connection was added; true, too, for a few that were not.
    func contains(_ mapping: Mapping) -> Bool { contains(mapping.original) || contains(mapping.reply) }

    func contains(_ tuple: Tuple) -> Bool {
        guard !words.isEmpty else { return false }
        let hash = hash(of: tuple)
        return (0..<RejectedConnections.hashes).allSatisfy { number in
            let (word, mask) = RejectedConnections.place(number, hash)
            return words[word] & mask != 0
        }
    }

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

    /// Hands over the words that have changed since the last time, with their numbers.
    mutating func takeChanges(_ keep: (Int, UInt64) -> Void) {
        for word in changes { keep(word, words[word]) }
        changes.removeAll(keepingCapacity: true)
    }

    /// Without the zone, which no packet tells.
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

    /// Where one of the bits is that stand for a hash.
    private static func place(_ number: UInt64, _ hash: UInt64) -> (word: Int, mask: UInt64) {
        let bit = ((hash >> 32) &+ number &* (hash | 1)) % UInt64(wordCount * 64)
        return (Int(bit / 64), 1 << (bit % 64))
    }
}
