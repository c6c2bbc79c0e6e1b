// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import FTPHelper
import Glibc

/// One connected stream socket, of a Unix socket file or of TCP.
///
/// Streams accepted by a listener are non-blocking, and so are those of TCP; those from `connect(to:)` block.
package struct SocketStream: ~Copyable {
    /// The result of a read.
    package enum Reading: Hashable, Sendable {
        /// The number of bytes that were appended; at least one.
        case bytes(Int)
        /// Nothing has arrived yet; only if the stream is non-blocking or the receive timeout has expired.
        case nothingYet
        /// The other end has closed the connection for writing.
        case end
    }

    private let descriptor: Descriptor

    /// Takes ownership of a connected socket.
    package init(adopting number: Int32) {
        descriptor = Descriptor(adopting: number)
    }

    /// The timeout of connecting and of each write, in milliseconds.
    private static let connectTimeout: Int32 = 5000

    /// Connects to the socket file at `path`.
    ///
    /// - Throws: `ENOENT` if there is no file, `ECONNREFUSED` if no process listens on it, `EAGAIN` if the connection is not
    ///   accepted in time.
    package static func connect(to path: String) throws(SystemError) -> SocketStream {
        // Sound: the path is NUL-terminated and read during the call.
        SocketStream(
            adopting: try SystemError.check("connect to \(path)") {
                unsafe clinux_unix_connect(path, connectTimeout)
            }
        )
    }

    /// The descriptor's number.
    package var number: Int32 { descriptor.number }

    /// Makes reads and writes return at once (`O_NONBLOCK`).
    package func stopBlocking() throws(SystemError) {
        _ = try SystemError.check("configure a socket") { clinux_set_nonblocking(number) }
    }

    /// The outcome of a connection that was begun (`SO_ERROR`): throws why it failed.
    package func checkConnection(to name: String) throws(SystemError) {
        let code = clinux_socket_error(number)
        guard code == 0 else { throw SystemError("connect to \(name)", code: code) }
    }

    /// Removes the receive timeout, so that reads block without limit.
    package func waitForEver() throws(SystemError) { try setReceiveTimeout(milliseconds: 0) }

    /// Sets the receive timeout (`SO_RCVTIMEO`), after which a read returns `nothingYet`; 0 for no limit.
    private func setReceiveTimeout(milliseconds: Int32) throws(SystemError) {
        _ = try SystemError.check("configure a socket") { clinux_set_receive_timeout(number, milliseconds) }
    }

    /// The user id of the process at the other end (`SO_PEERCRED`).
    package func peerUser() throws(SystemError) -> UInt32 {
        var user: uid_t = 0
        // Sound: the call writes one `uid_t`.
        _ = try SystemError.check("get the user of the peer") { unsafe clinux_peer_user(number, &user) }
        return user
    }

    /// Reads at most `limit` bytes and appends them to `buffer`.
    ///
    /// - Throws: `ECONNRESET` if the other end closed the connection before it had read everything.
    package func read(into buffer: inout [UInt8], limit: Int) throws(SystemError) -> Reading {
        let start = buffer.count
        var count = 0
        buffer.append(contentsOf: repeatElement(0, count: limit))
        defer { buffer.removeLast(limit - count) }
        do {
            // Sound: the kernel writes at most the `limit` bytes that were just appended.
            count = try SystemError.check("read from a socket") {
                unsafe buffer.withUnsafeMutableBytes { bytes in
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                    return unsafe recv(number, rest.baseAddress, rest.count, 0)
                }
            }
        } catch {
            guard error.code == EAGAIN else { throw error }
            return .nothingYet
        }
        return count > 0 ? .bytes(count) : .end
    }

    /// Reads from a blocking stream with a time limit for several reads together.
    ///
    /// A peer that sends single bytes slowly is thus not waited for any longer than one that sends nothing.
    ///
    /// - Parameters:
    ///   - buffer: The buffer to append to.
    ///   - limit: The largest number of bytes to read.
    ///   - rest: The nanoseconds left; the time spent waiting is subtracted.
    /// - Returns: `nothingYet` when no time is left.
    /// - Throws: The error of `recv`.
    package func read(
        into buffer: inout [UInt8],
        limit: Int,
        waiting rest: inout UInt64
    ) throws(SystemError) -> Reading {
        guard rest > 0 else { return .nothingYet }
        try setReceiveTimeout(milliseconds: Int32(clamping: rest / 1_000_000 + 1))
        let begin = Clock.now().nanoseconds
        let reading = try read(into: &buffer, limit: limit)
        rest -= min(rest, reading == .nothingYet ? rest : Clock.now().nanoseconds - begin)
        return reading
    }

    /// Sends all of `text` over a blocking stream; `EAGAIN` if a write times out.
    package func send(_ text: String) throws(SystemError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = try write(rest)
            guard count > 0 else { throw SystemError("write to a socket", code: EAGAIN) }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends as many of `bytes` as the socket takes, and returns their number; 0 if it takes none now.
    ///
    /// - Throws: `EPIPE` if the other end has closed the connection; SIGPIPE is not raised.
    package func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        do {
            // Sound: the kernel reads `bytes.count` bytes from storage that lives during the call.
            return try SystemError.check("write to a socket") {
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe Glibc.send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
                }
            }
        } catch {
            guard error.code == EAGAIN else { throw error }
            return 0
        }
    }
}
