// SPDX-License-Identifier: GPL-2.0-or-later

/// The tables with our rules.
package enum Table: String, Hashable, Sendable, CaseIterable {
    /// Before NAT, where packets still have the addresses of the wire: control packets are queued here.
    case mangle
    /// Before conntrack, so that the daemon can create the entry of a data connection first: SYNs are queued here.
    case raw
}
