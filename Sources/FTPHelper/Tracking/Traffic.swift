// SPDX-License-Identifier: GPL-2.0-or-later

/// Conntrack's counters of a connection: packets, and bytes including headers.
package struct Traffic: Hashable, Sendable {
    /// The counters of one direction (`CTA_COUNTERS_ORIG`, `CTA_COUNTERS_REPLY`).
    package struct Direction: Hashable, Sendable {
        /// Number of packets.
        package let packets: UInt64
        /// Bytes of all packets, with their IP headers.
        package let bytes: UInt64

        package init(packets: UInt64, bytes: UInt64) {
            self.packets = packets
            self.bytes = bytes
        }
    }

    /// The direction of the SYN.
    package let original: Direction
    /// The opposite direction.
    package let reply: Direction

    package init(original: Direction, reply: Direction) {
        self.original = original
        self.reply = reply
    }
}
