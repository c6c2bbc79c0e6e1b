import CNetfilter
import Glibc

/// Sends packets that are ours from the IP header on.
///
/// They leave through the OUTPUT hooks like any packet of this machine. The sockets are raw ones of `IPPROTO_RAW`, for
/// which the kernel takes the header as it stands, in IPv4 (`IP_HDRINCL`) as in IPv6.
@safe package struct PacketInjector: ~Copyable {
    private let v4: Int32
    /// -1 where the kernel has no IPv6.
    private let v6: Int32

    private init(adopting v4: Int32, _ v6: Int32) {
        self.v4 = v4
        self.v6 = v6
    }

    deinit {
        close(v4)
        if v6 >= 0 { close(v6) }
    }

    /// Opens the sockets in the network namespace of the calling thread; `EPERM` without `CAP_NET_RAW`.
    package static func open() throws(SystemError) -> PacketInjector {
        let operation = "open a raw socket"
        let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let v4 = try SystemError.check(operation) { socket(AF_INET, type, Int32(IPPROTO_RAW)) }
        return PacketInjector(adopting: v4, socket(AF_INET6, type, Int32(IPPROTO_RAW)))
    }

    /// Sends one IPv4 or IPv6 packet, checksums and all, to the destination in its header.
    ///
    /// `EINVAL` if it is shorter than its header, or neither IPv4 nor IPv6.
    package mutating func send(_ packet: [UInt8]) throws(SystemError) {
        let bytes = packet.span
        switch (bytes.isEmpty ? 0 : bytes[0] >> 4, bytes.count) {
        case (4, 20...):
            var destination = sockaddr_in()
            destination.sin_family = sa_family_t(AF_INET)
            // Sound: an in_addr is any four bytes, and copyBytes checks the sizes.
            unsafe withUnsafeMutableBytes(of: &destination.sin_addr) {
                unsafe $0.copyBytes(from: packet[16..<20])
            }
            try send(packet, to: destination, through: v4)
        case (6, 40...):
            var destination = sockaddr_in6()
            destination.sin6_family = sa_family_t(AF_INET6)
            // Sound: an in6_addr is any sixteen bytes, and copyBytes checks the sizes.
            unsafe withUnsafeMutableBytes(of: &destination.sin6_addr) {
                unsafe $0.copyBytes(from: packet[24..<40])
            }
            try send(packet, to: destination, through: v6)
        default:
            throw SystemError("send a packet", code: EINVAL)
        }
    }

    private func send<Address>(
        _ packet: [UInt8],
        to address: Address,
        through descriptor: Int32
    ) throws(SystemError) {
        // Sound: packet and address are read during the call only, each with its own size; every `sockaddr_...`
        // begins like `sockaddr`.
        _ = try SystemError.check("send a packet") {
            unsafe withUnsafeBytes(of: address) {
                unsafe sendto(
                    descriptor,
                    packet,
                    packet.count,
                    0,
                    $0.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                    socklen_t($0.count)
                )
            }
        }
    }
}
