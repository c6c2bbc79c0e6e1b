// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Glibc
import Linux
import Testing

/// Both ends of a connection.
@Suite struct SocketStreamTests {
    private let path = "/tmp/pinhole-test-stream-\(UInt64.random(in: 0 ... .max))"

    /// Does something with a stream that blocks, and with its other end, which does not.
    private func connected(
        _ body: (_ near: borrowing SocketStream, _ far: consuming SocketStream) throws -> Void
    ) throws {
        let listener = try UnixListener.open(path, mode: 0o600)
        let near = try SocketStream.connect(to: path)
        guard let far = try listener.accept() else {
            Issue.record("nobody connected")
            return
        }
        try body(near, far)
    }

    /// Fills the buffer between the ends.
    private func fill(_ stream: borrowing SocketStream) throws {
        let bytes = [UInt8](repeating: 120, count: 65536)
        while try stream.write(bytes[...]) > 0 {}
    }

    @Test func `without time left nothing is read`() throws {
        try connected { near, far in
            try far.send("text")
            var rest: UInt64 = 0
            var bytes: [UInt8] = [1]
            #expect(try near.read(into: &bytes, limit: 10, waiting: &rest) == .nothingYet)
            #expect(bytes == [1])
        }
    }

    @Test func `waiting uses up the time, and successful reads leave the rest of it`() throws {
        try connected { near, far in
            var bytes: [UInt8] = []
            var rest: UInt64 = 1
            #expect(try near.read(into: &bytes, limit: 10, waiting: &rest) == .nothingYet)
            #expect(rest == 0 && bytes.isEmpty)
            try far.send("text")
            rest = .max
            #expect(try near.read(into: &bytes, limit: 3, waiting: &rest) == .bytes(3))
            #expect(rest > 0 && rest < .max)
            #expect(try near.read(into: &bytes, limit: 3, waiting: &rest) == .bytes(1))
            #expect(bytes == Array("text".utf8))
        }
    }

    @Test func `bytes sent before the end are read before it`() throws {
        try connected { near, far in
            var bytes: [UInt8] = []
            try far.send("text")
            _ = consume far
            #expect(try near.read(into: &bytes, limit: 10) == .bytes(4))
            #expect(try near.read(into: &bytes, limit: 10) == .end)
            #expect(bytes == Array("text".utf8))
        }
    }

    @Test func `an end that closes with unread bytes is reported as a reset`() throws {
        try connected { near, far in
            try near.send("text")
            _ = consume far
            var bytes: [UInt8] = []
            let error = #expect(throws: SystemError.self) { try near.read(into: &bytes, limit: 10) }
            #expect(error?.code == ECONNRESET && bytes.isEmpty)
        }
    }

    @Test func `a full socket takes no bytes, and sending a text to it is an error`() throws {
        try connected { near, far in
            try fill(far)
            #expect(try far.write([1][...]) == 0)
            #expect(throws: SystemError("write to a socket", code: EAGAIN)) { try far.send("text") }
            // An empty text always fits.
            try far.send("")
            _ = near.number
        }
    }

    @Test func `writing to a closed socket is an error`() throws {
        try connected { near, far in
            _ = consume far
            let error = #expect(throws: SystemError.self) { try near.write([1][...]) }
            #expect(error?.code == EPIPE)
        }
    }

    @Test func `a text longer than the buffer is sent completely, once`() throws {
        let text = (0..<1 << 16).map { "line \($0)\n" }.joined()
        let listener = try UnixListener.open(path, mode: 0o600)
        let poller = try Poller.open()
        try poller.add(listener.number, for: .reading)
        Thread { [path] in try? SocketStream.connect(to: path).send(text) }.start()
        poller.wait(milliseconds: 10_000) { _ in }
        guard let stream = try listener.accept() else {
            Issue.record("nobody connected")
            return
        }
        let reader = try Poller.open()
        try reader.add(stream.number, for: .reading)
        var bytes: [UInt8] = []
        while bytes.count <= text.utf8.count {
            guard try stream.read(into: &bytes, limit: 65536) != .end else { break }
            reader.wait(milliseconds: 10_000) { _ in }
        }
        #expect(bytes == Array(text.utf8))
    }

    @Test func `a non-blocking stream returns at once`() throws {
        try connected { near, far in
            try near.stopBlocking()
            var bytes: [UInt8] = []
            #expect(try near.read(into: &bytes, limit: 10) == .nothingYet)
            _ = far.number
        }
    }
}
