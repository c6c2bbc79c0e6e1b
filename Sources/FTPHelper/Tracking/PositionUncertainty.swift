// SPDX-License-Identifier: GPL-2.0-or-later

/// Why the positions of a connection's streams may be wrong.
struct PositionUncertainty: OptionSet {
    let rawValue: UInt8

    /// Packets may have bypassed the queue: bytes may have come to a receiver with wrong numbers.
    ///
    /// If this is the only reason, the positions are this daemon's own: a receiver can have nothing else that is not known.
    static let bypassed = PositionUncertainty(rawValue: 1 << 0)
    /// Another daemon may have edited lines that are not known here.
    static let outdated = PositionUncertainty(rawValue: 1 << 1)
}
