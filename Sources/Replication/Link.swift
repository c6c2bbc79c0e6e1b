// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import PinholeDaemon

/// A connection that carries messages, to the other gateway or to the daemon; it never blocks.
final class Link {
    /// Bytes read at a time.
    private static let pieceSize = 1 << 16

    let stream: SocketStream
    /// When bytes arrived last.
    private(set) var heard: Instant
    private var reader = FrameReader()
    private var output: [UInt8] = []
    /// How many bytes of `output` were sent already.
    private var sent = 0
    /// What is registered with the poller.
    var registered: Poller.Interest

    init(_ stream: consuming SocketStream, registered: Poller.Interest, at now: Instant) {
        self.stream = stream
        self.registered = registered
        heard = now
    }

    /// Bytes that wait to be sent.
    var backlog: Int { output.count - sent }

    /// Reads a piece of what has arrived; `false` if nothing has.
    ///
    /// - Throws: `ECONNRESET` if the other end has closed the connection.
    func receive(at now: Instant) throws(SystemError) -> Bool {
        let reading = try reader.fill { (bytes) throws(SystemError) in
            try stream.read(into: &bytes, limit: Link.pieceSize)
        }
        switch reading {
        case .bytes:
            heard = now
            return true
        case .nothingYet: return false
        case .end: throw SystemError.ended
        }
    }

    /// The next message that has arrived whole.
    func next() throws(FrameReader.Malformed) -> Frame? { try reader.next() }

    /// Takes the line that comes before the messages; `nil` until all of it has arrived.
    func takeLine() -> String? { reader.takeLine() }

    /// Adds a message to what is to be sent.
    func enqueue(_ frame: Frame) {
        compact()
        frame.write(to: &output)
    }

    /// Adds a text to what is to be sent.
    func enqueue(_ text: String) { output += text.utf8 }

    /// Sends what the socket takes.
    func flush() throws(SystemError) {
        while sent < output.count {
            let count = try stream.write(output[sent...])
            guard count > 0 else { return }
            sent += count
        }
        output.removeAll(keepingCapacity: true)
        sent = 0
    }

    private func compact() {
        guard sent > Link.pieceSize else { return }
        output.removeFirst(sent)
        sent = 0
    }
}

extension SystemError {
    /// The other end has closed the connection.
    static var ended: SystemError {
        SystemError("read", code: ECONNRESET, meaning: "the other end has closed the connection")
    }
}
