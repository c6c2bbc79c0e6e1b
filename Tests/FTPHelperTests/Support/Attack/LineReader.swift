// SPDX-License-Identifier: GPL-2.0-or-later

/// Cuts what arrives into lines, of which each ends in LF.
struct LineReader {
    private var rest: [UInt8] = []

    /// Adds received bytes, and returns the complete lines with their ends.
    mutating func read(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            rest.append(byte)
            guard byte == UInt8(ascii: "\n") else { continue }
            lines.append(rest)
            rest = []
        }
        return lines
    }
}
