// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import Glibc
import Linux
import Testing

@testable import Netfilter

/// Which process has a socket.
@Suite struct SocketHolderTests {
    private let path = "/tmp/pinhole-test-holder-\(UInt64.random(in: 0 ... .max))"

    /// Finds this process; a process just forked by another test has a copy of its sockets for a moment.
    private func own(_ find: () -> SocketHolder?) throws -> SocketHolder {
        try eventually {
            guard let holder = find(), holder.process == getpid() else {
                throw SystemError("find this process", code: ESRCH)
            }
            return holder
        }
    }

    @Test func `the process that listens at a path is found, even if its name has blanks`() throws {
        let path = "\(path) with blanks"
        #expect(SocketHolder(listenerAt: path) == nil)
        let listener = try UnixListener.open(path, mode: 0o600)
        let stream = try SocketStream.connect(to: path)
        let holder = try own { SocketHolder(listenerAt: path) }
        #expect(try holder.name + "\n" == TextFile.read("/proc/self/comm"))
        #expect(SocketHolder(listenerAt: "\(path)x") == nil)
        _ = (listener.number, stream.number)
    }

    @Test func `of several processes with a socket the expected one is found`() throws {
        let socket = try NetlinkSocket.open(NFNL_SUBSYS_QUEUE)
        var address = sockaddr_nl()
        var size = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(socket.fileDescriptor, $0, &size)
            }
        }
        #expect(code == 0)
        let port = address.nl_pid
        #expect(SocketHolder(nfnetlinkPort: port, expected: getpid())?.process == getpid())
        for expected in [nil, 1] as [Int32?] {
            _ = try own { SocketHolder(nfnetlinkPort: port, expected: expected) }
        }
        #expect(SocketHolder(nfnetlinkPort: port ^ 0x4000_0000) == nil)
    }
}
