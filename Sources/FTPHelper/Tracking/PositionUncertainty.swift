// SPDX-License-Identifier: GPL-2.0-or-later

/// Why the positions of a connection's streams may be wrong.
enum PositionUncertainty {
    /// Packets may have bypassed the queue. The positions are this daemon's own: a receiver can have nothing more
    /// than what is known, unless it came with wrong numbers.
    case bypassed
    /// Another daemon may have edited lines that are not known here.
    case outdated
}
