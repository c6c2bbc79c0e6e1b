// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Netfilter

/// A UDP socket for tests on 127.0.0.1; it belongs to the network namespace in which it was created.
final class UDPSocket {
    private let descriptor: Int32

    /// Creates a socket with a port; 0 for any.
    init(at port: UInt16) throws {
        descriptor = try check("make a socket", socket(AF_INET, 2 /* SOCK_DGRAM */ | socketFlags, 0))
        try check("bind", unsafe UDPSocket.withAddress(port) { unsafe bind(descriptor, $0, $1) })
    }

    deinit { close(descriptor) }

    /// Sends a datagram to a port.
    func send(_ text: String, to port: UInt16) throws {
        let bytes = Array(text.utf8)
        try check(
            "send",
            unsafe UDPSocket.withAddress(port) {
                unsafe Int32(sendto(descriptor, bytes, bytes.count, 0, $0, $1))
            }
        )
    }

    /// Returns the datagrams that have arrived, in order.
    func receiveAll() -> [String] {
        var texts: [String] = []
        var bytes = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
            guard count >= 0 else { return texts }
            texts.append(String(decoding: bytes.prefix(count), as: UTF8.self))
        }
    }

    private static func withAddress(
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return unsafe withUnsafePointer(to: address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
