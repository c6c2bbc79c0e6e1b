/// Connections that began in sight and then found or kept no place before anybody had logged in: their tuples.
///
/// What is seen first in its middle is taken as logged in, since its login may have been long ago (contract S2). These are
/// known to have had none, and whoever fills the table must not get round the login with it.
///
/// It is a Bloom filter: it forgets nothing and never grows, and as it fills up, takes more and more others for outsiders.
/// All that those lose is to be adopted, which only connections older than the daemon ever need.
struct Outsiders {
    /// Half a MiB once there is anything in it; of 200,000 connections it mistakes one in a hundred others for one of them.
    private static let bitCount: UInt64 = 1 << 22
    /// Bits that stand for one tuple.
    private static let hashes: UInt64 = 4

    private var bits: [UInt64] = []

    /// Tells whether this tuple was added; true, too, for a few that were not.
    func contains(_ tuple: Tuple) -> Bool {
        !bits.isEmpty && Outsiders.places(of: tuple).allSatisfy { bits[$0.word] & $0.mask != 0 }
    }

    mutating func insert(_ tuple: Tuple) {
        if bits.isEmpty { bits = Array(repeating: 0, count: Int(Outsiders.bitCount / 64)) }
        for place in Outsiders.places(of: tuple) { bits[place.word] |= place.mask }
    }

    /// Where the bits of a tuple are; `Hasher`'s seed, which nobody outside knows, keeps them from being chosen.
    private static func places(of tuple: Tuple) -> some Sequence<(word: Int, mask: UInt64)> {
        var hasher = Hasher()
        tuple.hash(into: &hasher)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        return (0..<hashes).lazy.map { number in
            let bit = ((hash >> 32) &+ number &* (hash | 1)) % bitCount
            return (Int(bit / 64), 1 << (bit % 64))
        }
    }
}
