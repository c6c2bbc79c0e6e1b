// SPDX-License-Identifier: GPL-2.0-or-later

/// What became of an example's bytes, seen from outside.
struct Sighting: Decodable, CustomStringConvertible {
    /// `passed`, `rewritten` or `never arrived`, for each step that was watched.
    let arrivals: [String]
    /// Ports of the data connections that are expected at the end.
    let expected: [Int]
    /// Pinhole's names for what it refused.
    let refused: [String]

    var description: String {
        var parts = Set(arrivals).sorted()
        if !expected.isEmpty {
            parts.append("expects " + expected.map(String.init).joined(separator: " and "))
        }
        if !refused.isEmpty { parts.append("refused as " + refused.joined(separator: " and ")) }
        return parts.joined(separator: ", ")
    }
}
