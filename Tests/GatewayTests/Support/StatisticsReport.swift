// SPDX-License-Identifier: GPL-2.0-or-later

/// What `pinhole stats --json` says.
struct StatisticsReport: Decodable {
    let packets: Int
    let connections: Int
    let connections_total: Int
    let expectations: Int
    let expectations_opened: Int
    let expectations_used: Int
    let expectations_expired: Int
    let transfers: Int
    let transfers_completed: Int
    let transfers_failed: Int
    /// Bytes of data in the transfers that are over, `up` to servers and `down` to clients.
    let bytes: [String: Int]
    let edits: Int
    let refused: [String: Int]
    let errors: [String: Int]
    /// Whether the firewall's rules are `loaded`, and how often they were `repaired`.
    let rules: [String: Int]
    /// Packets `waiting` in the queues, and those `dropped` because they were full.
    let queue: [String: Int]
}
