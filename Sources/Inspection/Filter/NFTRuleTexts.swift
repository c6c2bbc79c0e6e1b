// SPDX-License-Identifier: GPL-2.0-or-later

/// The rules of nftables as the administrator wrote them, by table and handle.
struct NFTRuleTexts {
    private var texts: [String: [UInt64: String]] = [:]

    /// Reads the output of `nft --handle --stateless list ruleset`.
    init(_ listing: String) {
        var table = ""
        for line in listing.split(separator: "\n") {
            if line.hasPrefix("table ") {
                table = line.split(separator: " ").dropFirst().prefix(2).joined(separator: " ")
            }
            guard let mark = line.ranges(of: " # handle ").last, let handle = UInt64(line[mark.upperBound...])
            else { continue }
            let text = line[..<mark.lowerBound].drop { $0 == " " || $0 == "\t" }
            if !text.hasSuffix("{") { texts[table, default: [:]][handle] = String(text) }
        }
    }

    func text(ofRule handle: UInt64, in table: String) -> String? { texts[table]?[handle] }
}
