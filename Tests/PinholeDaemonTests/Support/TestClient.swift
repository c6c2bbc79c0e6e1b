// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux

/// The other end of a connection to the control socket, which never blocks.
final class TestClient {
    private let stream: SocketStream
    /// The bytes received so far.
    private(set) var received: [UInt8] = []
    /// Set once the daemon has closed the connection.
    private(set) var isClosed = false

    init(_ path: String) throws {
        stream = try SocketStream.connect(to: path)
        // It does not fail on a socket that is open.
        _ = fcntl(stream.number, F_SETFL, O_NONBLOCK)
    }

    var text: String { String(decoding: received, as: UTF8.self) }

    /// Sends what the socket takes of the text, and returns how many bytes that is.
    @discardableResult
    func send(_ text: String) throws -> Int { try stream.write(Array(text.utf8)[...]) }

    /// Says that it sends no more.
    func finish() { shutdown(stream.number, Int32(SHUT_WR)) }

    /// Reads available bytes, at most so many.
    func read(limit: Int = .max) throws {
        var rest = limit
        while rest > 0, !isClosed {
            switch try reading(min(rest, 65536)) {
            case .bytes(let count): rest -= count
            case .nothingYet: return
            case .end: isClosed = true
            }
        }
    }

    /// Reads once; a connection that was cut off while something was on its way to the daemon has ended, too.
    private func reading(_ limit: Int) throws(SystemError) -> SocketStream.Reading {
        do {
            return try stream.read(into: &received, limit: limit)
        } catch {
            guard error.code == ECONNRESET else { throw error }
            return .end
        }
    }
}
