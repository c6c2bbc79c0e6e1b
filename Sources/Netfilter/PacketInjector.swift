// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import Glibc
package import Linux

/// Sends complete IP packets through raw sockets.
///
/// The packets pass the OUTPUT hooks like any packet of this host. The sockets have the protocol `IPPROTO_RAW`, for which
/// the caller supplies the IP header, in IPv4 (`IP_HDRINCL`) as in IPv6.
package struct PacketInjector: ~Copyable {
    private let v4: Descriptor
    /// `nil` if the kernel has no IPv6.
    private let v6: Descriptor?
    /// The marks that the sockets give to packets; `nil` while that is unknown, since a socket may be an inherited one.
    private var marks: (v4: UInt32?, v6: UInt32?) = (nil, nil)

    private init(v4: consuming Descriptor, v6: consuming Descriptor?) {
        self.v4 = v4
        self.v6 = v6
    }

    /// Opens the sockets in the network namespace of the calling thread.
    ///
    /// - Throws: `EPERM` without `CAP_NET_RAW`.
    package static func open() throws(SystemError) -> PacketInjector {
        PacketInjector(v4: try open(AF_INET), v6: try openIfKnown(AF_INET6))
    }

    /// Takes over the sockets that the service manager has kept, which needs no `CAP_NET_RAW`, or opens new ones.
    ///
    /// - Throws: `EPERM` if there are none and this process has no `CAP_NET_RAW`.
    package static func open(from inherited: inout InheritedDescriptors) throws(SystemError) -> PacketInjector
    {
        guard let v4 = inherited.take(names.v4) else { return try open() }
        return PacketInjector(v4: v4, v6: inherited.take(names.v6))
    }

    /// Whether the service manager has kept the sockets.
    package static func isKept(in inherited: borrowing InheritedDescriptors) -> Bool {
        inherited.rest.contains(names.v4)
    }

    /// Passes the sockets to the service manager to keep, in place of those that it has.
    package func store(with notifier: borrowing ServiceNotifier) {
        notifier.discard(Self.names.v4)
        notifier.store(v4.number, as: Self.names.v4)
        notifier.discard(Self.names.v6)
        switch v6 {
        case .some(let socket): notifier.store(socket.number, as: Self.names.v6)
        case nil: break
        }
    }

    /// The sockets' names at the service manager (`FDNAME`).
    private static let names = (v4: "raw-ipv4", v6: "raw-ipv6")

    private static func open(_ family: Int32) throws(SystemError) -> Descriptor {
        let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let opened = Descriptor(
            adopting: try SystemError.check("open a raw socket") { socket(family, type, Int32(IPPROTO_RAW)) }
        )
        // Refused without CAP_NET_ADMIN in the initial user namespace; then fewer packets can wait.
        var size = socketBufferSize
        // Sound: the option is read during the call only, with its own size.
        _ = unsafe setsockopt(
            opened.number,
            SOL_SOCKET,
            SO_SNDBUFFORCE,
            &size,
            socklen_t(MemoryLayout.size(ofValue: size))
        )
        return opened
    }

    /// Size of the send buffer in bytes: a packet counts against it also while it waits in the daemon's own queue.
    private static let socketBufferSize: Int32 = 4 << 20

    private static func openIfKnown(_ family: Int32) throws(SystemError) -> Descriptor? {
        do {
            return try open(family)
        } catch {
            guard error.code == EAFNOSUPPORT else { throw error }
            return nil
        }
    }

    /// Sends one IPv4 or IPv6 packet, with its checksums, to the destination in its header.
    ///
    /// - Parameters:
    ///   - packet: the packet from its IP header on.
    ///   - mark: its mark, which can influence its route.
    /// - Throws: `EINVAL` if the packet is shorter than its header or neither IPv4 nor IPv6, `EAFNOSUPPORT` if the kernel
    ///   has no IPv6.
    package mutating func send(_ packet: [UInt8], mark: UInt32 = 0) throws(SystemError) {
        let bytes = packet.span
        switch (bytes.isEmpty ? 0 : bytes[0] >> 4, bytes.count) {
        case (4, 20...):
            var destination = sockaddr_in()
            destination.sin_family = sa_family_t(AF_INET)
            // Sound: an in_addr is any four bytes, and copyBytes checks the sizes.
            unsafe withUnsafeMutableBytes(of: &destination.sin_addr) {
                unsafe $0.copyBytes(from: packet[16..<20])
            }
            try PacketInjector.set(mark, of: v4.number, &marks.v4)
            try send(packet, to: destination, through: v4.number)
        case (6, 40...):
            var destination = sockaddr_in6()
            destination.sin6_family = sa_family_t(AF_INET6)
            // Sound: an in6_addr is any sixteen bytes, and copyBytes checks the sizes.
            unsafe withUnsafeMutableBytes(of: &destination.sin6_addr) {
                unsafe $0.copyBytes(from: packet[24..<40])
            }
            switch v6 {
            case .some(let socket):
                try PacketInjector.set(mark, of: socket.number, &marks.v6)
                try send(packet, to: destination, through: socket.number)
            case nil: throw SystemError("send a packet", code: EAFNOSUPPORT)
            }
        default:
            throw SystemError("send a packet", code: EINVAL)
        }
    }

    /// Sets the mark of the packets that a socket sends (`SO_MARK`), unless it has it already.
    private static func set(_ mark: UInt32, of descriptor: Int32, _ last: inout UInt32?) throws(SystemError) {
        guard last != mark else { return }
        var value = mark
        // Sound: the option is read during the call only, with its own size.
        _ = try SystemError.check("mark a packet") {
            unsafe setsockopt(
                descriptor,
                SOL_SOCKET,
                SO_MARK,
                &value,
                socklen_t(MemoryLayout.size(ofValue: value))
            )
        }
        last = mark
    }

    private func send<Address>(
        _ packet: [UInt8],
        to address: Address,
        through descriptor: Int32
    ) throws(SystemError) {
        // Sound: packet and address are read during the call only, each with its own size; every `sockaddr_...`
        // begins with the fields of `sockaddr`.
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
