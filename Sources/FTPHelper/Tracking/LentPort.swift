// SPDX-License-Identifier: GPL-2.0-or-later

/// A port that NAT has lent to a data connection.
struct LentPort: Hashable, Sendable {
    /// The side that listens, under the address that NAT shows for it.
    let side: Session.Side
    /// The destination port of the SYN.
    let port: UInt16
    /// The port on which the side listens at its own address; 0 if it named another address (`loose`).
    let target: UInt16
}
