// SPDX-License-Identifier: GPL-2.0-or-later

/// The claimed sender of a packet, and the interface through which it arrived.
///
/// Control packets are read before the kernel's reverse path filter and martian check, so it has to be
/// checked whether the sender can be behind that interface (contract S3b).
package struct PacketOrigin: Hashable, Sendable {
    /// The source address of the packet, which is the sender's own.
    package let sender: IPAddress
    /// The other end's own address, whatever NAT shows for it.
    package let receiver: IPAddress
    /// Index of the interface through which the packet arrived; on a bridge, that of the bridge port.
    package let interface: UInt32
    /// Index of the interface through which the other end's packets arrive; 0 if unknown.
    package let receiverInterface: UInt32
    /// Set if NAT is between the two ends, so that all packets pass this host, wherever the ends are.
    package var isTranslated = false
}
