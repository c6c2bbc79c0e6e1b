// SPDX-License-Identifier: GPL-2.0-or-later

/// Token buckets for many holders in constant memory.
///
/// A bucket is stored as the moment at which it will be full again. Full buckets need no memory. If too many
/// are not full, the one closest to full is forgotten: its holder gets more than its share once, and nobody
/// gets less.
struct Budgets {
    /// Nanoseconds in which a bucket gains one token.
    let interval: UInt64
    /// Capacity of a bucket in tokens.
    let burst: UInt64

    private struct Account {
        /// Hash of the holder; 0 in an unused place.
        var holder: UInt64 = 0
        var full = Instant(nanoseconds: 0)
    }

    /// Number of places in a row, in any of which a holder's account may be, and number of rows.
    private static let width = 4
    private static let rows = 256

    /// Empty until the first token is spent.
    private var accounts: [Account] = []

    init(interval: UInt64, burst: UInt64) {
        self.interval = interval
        self.burst = burst
    }

    /// Spends a token of a holder; returns `false` if it has none left.
    mutating func spend(_ holder: some Hashable, at now: Instant) -> Bool {
        if accounts.isEmpty {
            accounts = Array(repeating: Account(), count: Budgets.rows * Budgets.width)
        }
        // The seed is secret, so nobody can choose whose account is evicted.
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
