// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Testing

/// The connection between the two gateways of a pair, here from one address of the loopback interface to another.
@Suite struct PeerLinkTests {
    private static func link(_ local: String, _ peer: String, _ port: UInt16) -> PeerLink {
        PeerLink(local: local, peer: peer, port: port, key: [])
    }

    /// A listener at 127.0.0.1 for 127.0.0.2, whose port becomes known.
    private func listen(at port: inout UInt16) throws -> PeerListener {
        for _ in 0..<100 {
            port = UInt16.random(in: 10_000..<30_000)
            do throws(SystemError) {
                return try Self.link("127.0.0.1", "127.0.0.2", port).listen()
            } catch {
                guard error.code == EADDRINUSE else { throw error }
            }
        }
        throw SystemError("find a port", code: EADDRINUSE)
    }

    /// Waits until a descriptor is ready.
    private func wait(for number: Int32, _ interest: Poller.Interest) throws {
        let poller = try Poller.open()
        try poller.add(number, for: interest)
        poller.wait(milliseconds: 10_000) { _ in }
    }

    @Test func `the other gateway connects from its own address`() throws {
        var port: UInt16 = 0
        let listener = try listen(at: &port)
        #expect(try isNobody(listener))
        let far = try Self.link("127.0.0.2", "127.0.0.1", port).connect()
        try wait(for: listener.number, .reading)
        guard let near = try listener.accept() else {
            Issue.record("nobody connected")
            return
        }
        try wait(for: far.number, .writing)
        try far.checkConnection(to: "127.0.0.1")
        try far.send("text")
        try wait(for: near.number, .reading)
        var bytes: [UInt8] = []
        #expect(try near.read(into: &bytes, limit: 10) == .bytes(4))
        #expect(bytes == Array("text".utf8))
        #expect(try isNobody(listener))
    }

    private func isNobody(_ listener: borrowing PeerListener) throws -> Bool {
        switch try listener.accept() {
        case nil: true
        case .some: false
        }
    }

    @Test func `a connection from another address is rejected`() throws {
        var port: UInt16 = 0
        let listener = try listen(at: &port)
        let stranger = try Self.link("127.0.0.3", "127.0.0.1", port).connect()
        try wait(for: listener.number, .reading)
        let error = #expect(throws: SystemError.self) { _ = try listener.accept() }
        #expect(error?.code == EPERM)
        try wait(for: stranger.number, .reading)
        var bytes: [UInt8] = []
        // The rejection may be an RST.
        let reading = try? stranger.read(into: &bytes, limit: 10)
        #expect(reading == nil || reading == .end)
    }

    @Test func `a connection to a gateway that does not listen is an error`() throws {
        var port: UInt16 = 0
        do { _ = try listen(at: &port) }
        let stream = try Self.link("127.0.0.2", "127.0.0.1", port).connect()
        try wait(for: stream.number, .writing)
        #expect(throws: SystemError("connect to it", code: ECONNREFUSED)) {
            try stream.checkConnection(to: "it")
        }
    }

    @Test func `an address that this machine does not have is named in the error`() {
        #expect(throws: SystemError("listen on 192.0.2.1 port 5121", code: EADDRNOTAVAIL)) {
            _ = try Self.link("192.0.2.1", "192.0.2.2", 5121).listen()
        }
        #expect(throws: SystemError("connect to 192.0.2.2 port 5121", code: EADDRNOTAVAIL)) {
            _ = try Self.link("192.0.2.1", "192.0.2.2", 5121).connect()
        }
    }

    @Test func `segments are signed if there is a key`() {
        #expect(!Self.link("127.0.0.1", "127.0.0.2", 1).isSigned)
        #expect(PeerLink(local: "127.0.0.1", peer: "127.0.0.2", port: 1, key: [1]).isSigned)
    }
}
