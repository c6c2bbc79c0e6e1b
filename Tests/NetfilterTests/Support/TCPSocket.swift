// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Netfilter

/// A non-blocking TCP socket for tests; it belongs to the network namespace in which it was created.
final class TCPSocket {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Creates a socket that listens at `endpoint`.
    static func listen(at endpoint: Endpoint) throws -> TCPSocket {
        let socket = try eventually { try bound(to: endpoint) }
        try check("listen", Glibc.listen(socket.descriptor, 8))
        return socket
    }

    /// Creates a socket and sends the SYN of a connection; see `isConnected`.
    ///
    /// It is repeated while an earlier connection between the same ends is still closing.
    static func connect(from source: Endpoint, to destination: Endpoint) throws -> TCPSocket {
        try eventually {
            let socket = try bound(to: source)
            let result = unsafe withAddress(destination) { unsafe Glibc.connect(socket.descriptor, $0, $1) }
            guard result == 0 || errno == EINPROGRESS else { throw SystemError("connect", code: errno) }
            return socket
        }
    }

    /// Accepts a connection within ten seconds, and returns it with the address of the other end.
    func accept() throws -> (socket: TCPSocket, peer: Endpoint) {
        guard isReady(POLLIN, within: 10_000) else {
            throw SystemError("accept a connection", code: ETIMEDOUT)
        }
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.accept(descriptor, $0, &size)
            }
        }
        let socket = TCPSocket(try check("accept a connection", result))
        try check("set FD_CLOEXEC", fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC))
        return (socket, Self.endpoint(address))
    }

    /// Returns whether the connection is established within a time in milliseconds.
    func isConnected(within milliseconds: Int32) -> Bool {
        guard isReady(POLLOUT, within: milliseconds) else { return false }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else { return false }
        return code == 0
    }

    /// Sends bytes, which must fit into the socket's send buffer.
    func send(_ bytes: [UInt8]) throws {
        let count = unsafe Glibc.send(descriptor, bytes, bytes.count, 0)
        guard count == bytes.count else { throw SystemError("send", code: errno) }
    }

    /// Receives bytes within ten seconds; returns none after that or at the end of the connection.
    func receive() -> [UInt8] {
        guard isReady(POLLIN, within: 10_000) else { return [] }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, count)))
    }

    private func isReady(_ events: Int32, within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) == 1
    }

    private static func bound(to endpoint: Endpoint) throws -> TCPSocket {
        let family =
            switch endpoint.address {
            case .v4: AF_INET
            case .v6: AF_INET6
            }
        let descriptor = try check("make a socket", socket(family, 1 /* SOCK_STREAM */ | socketFlags, 0))
        let socket = TCPSocket(descriptor)
        var one: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        try check("bind \(endpoint.port)", unsafe withAddress(endpoint) { unsafe bind(descriptor, $0, $1) })
        return socket
    }

    private static func withAddress(
        _ endpoint: Endpoint,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        func use<Address>(_ address: Address) -> Int32 {
            unsafe withUnsafePointer(to: address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<Address>.size))
                }
            }
        }
        switch endpoint.address {
        case .v4(let value):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = endpoint.port.bigEndian
            address.sin_addr.s_addr = value.bigEndian
            return use(address)
        case .v6(let high, let low):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = endpoint.port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) {
                unsafe $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                unsafe $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return use(address)
        }
    }

    private static func endpoint(_ storage: sockaddr_storage) -> Endpoint {
        unsafe withUnsafeBytes(of: storage) {
            let port = unsafe UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))
            guard storage.ss_family == sa_family_t(AF_INET6) else {
                let value = unsafe UInt32(bigEndian: $0.load(fromByteOffset: 4, as: UInt32.self))
                return Endpoint(.v4(value), port)
            }
            let high = unsafe UInt64(bigEndian: $0.load(fromByteOffset: 8, as: UInt64.self))
            let low = unsafe UInt64(bigEndian: $0.load(fromByteOffset: 16, as: UInt64.self))
            return Endpoint(.v6(high: high, low: low), port)
        }
    }
}
