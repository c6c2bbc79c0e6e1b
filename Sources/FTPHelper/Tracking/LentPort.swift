// SPDX-License-Identifier: GPL-2.0-or-later

/// A port that NAT has lent to a data connection.
struct LentPort: Hashable, Sendable {
    /// The side that listens, under the address that NAT shows for it.
    let side: Session.Side
    /// The destination port of the SYN.
    let port: UInt16
    /// The port at the side's own address to which the data connection leads.
    ///
    /// 0 if it leads to another address (`loose`, or a trusted PROXY header).
    let target: UInt16
    /// Set once it rests (`PortAllocator.rest`) although it is still known here.
    var isResting = false
}
