// SPDX-License-Identifier: GPL-2.0-or-later

/// Where a control connection is in its life.
enum ConnectionPhase {
    /// No packet has set the positions of the streams yet.
    case unpositioned
    case open
    /// Something demands that both ends are reset (strict mode, lost positions, the administrator), which has not begun.
    case ending
    /// Ended by both FINs, an RST, or a replaced conntrack entry.
    ///
    /// The connection announces nothing any more, but its packets are still translated.
    case closed
    /// Ended by this daemon: each further packet is turned into an RST.
    case reset
}
