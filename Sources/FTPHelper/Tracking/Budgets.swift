/// How much each of many holders may have in a time: token buckets, in a memory that never grows.
///
/// A bucket is kept as the moment at which it will be full again. Those that are full need no place, and where there are too many
/// others, the one that is nearest to it is forgotten: its holder has then more than its due for once, and nobody has less.
struct Budgets {
    /// Nanoseconds in which a holder earns one.
    let interval: UInt64
    /// How many it may have at once.
    let burst: UInt64

    private struct Account {
        /// 0 if there is none.
        var holder: UInt64 = 0
        var full = Instant(nanoseconds: 0)
    }

    /// Places that an account may be in, and how many times that there are.
    private static let width = 4
    private static let rows = 256

    /// Empty until somebody spends something.
    private var accounts: [Account] = []

    init(interval: UInt64, burst: UInt64) {
        self.interval = interval
        self.burst = burst
    }

    /// Takes one for a holder; `false` if there is none left for it.
    mutating func spend(_ holder: some Hashable, at now: Instant) -> Bool {
        if accounts.isEmpty {
            accounts = Array(repeating: Account(), count: Budgets.rows * Budgets.width)
        }
        // Its seed is known to nobody outside, so nobody can choose whose account is forgotten.
        var hasher = Hasher()
        holder.hash(into: &hasher)
        let hash = UInt64(bitPattern: Int64(hasher.finalize())) | 1
        let row = Int(hash >> 32) % Budgets.rows * Budgets.width
        var place = row
        for other in row..<row + Budgets.width {
            if accounts[other].holder == hash {
                place = other
                break
            }
            if accounts[other].full < accounts[place].full { place = other }
        }
        let full = accounts[place].holder == hash ? max(accounts[place].full, now) : now
        guard full.nanoseconds - now.nanoseconds <= interval * (burst - 1) else { return false }
        accounts[place] = Account(holder: hash, full: Instant(nanoseconds: full.nanoseconds &+ interval))
        return true
    }
}
