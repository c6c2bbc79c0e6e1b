/// Where a packet says that it comes from, and where it came in.
///
/// Control packets are read before the kernel's reverse path filter and its martian check, so whether the one can be true of
/// the other has to be asked (contract S3b).
package struct PacketOrigin: Hashable, Sendable {
    /// The address that the packet bears, its sender's own.
    package let sender: IPAddress
    /// The own address of the other end, whatever NAT shows of it.
    package let receiver: IPAddress
    /// The index of the interface that it came in by, the port of a bridge where there is one.
    package let interface: UInt32
    /// The interface that the other end's packets come in by, where that is known; else 0.
    package let receiverInterface: UInt32
    /// NAT stands between the two ends, so that all packets go by this host, wherever the ends are.
    package var isTranslated = false
}
