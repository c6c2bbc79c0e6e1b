import CLinux
import FTPHelper
import Glibc

/// One connection over a Unix socket.
///
/// Those that a `UnixListener` accepts never block; those made by `connect(to:)` do.
package struct UnixStream: ~Copyable {
    /// What became of a read.
    package enum Reading: Hashable, Sendable {
        /// So many bytes were appended, at least one.
        case bytes(Int)
        /// Nothing is there yet; only where the stream does not block.
        case nothingYet
        /// The other end writes no more.
        case end
    }

    private let descriptor: Descriptor

    /// Takes over a connected socket.
    package init(adopting number: Int32) {
        descriptor = Descriptor(adopting: number)
    }

    /// Milliseconds for which one who connects waits to be let in, and then for each write.
    private static let connectTimeout: Int32 = 5000

    /// Connects to the socket file at `path`: ENOENT where there is none, ECONNREFUSED where nobody listens, EAGAIN where
    /// nobody lets it in.
    package static func connect(to path: String) throws(SystemError) -> UnixStream {
        // Sound: the path is NUL-terminated and read during the call.
        UnixStream(
            adopting: try SystemError.check("connect to \(path)") {
                unsafe clinux_unix_connect(path, connectTimeout)
            }
        )
    }

    package var number: Int32 { descriptor.number }

    /// Lets reads wait for as long as it takes, whatever was before.
    package func waitForEver() throws(SystemError) { try setReceiveTimeout(milliseconds: 0) }

    /// Sets how long a read may wait for something to come before it is `nothingYet`; 0 for ever (`SO_RCVTIMEO`).
    private func setReceiveTimeout(milliseconds: Int32) throws(SystemError) {
        _ = try SystemError.check("configure a socket") { clinux_set_receive_timeout(number, milliseconds) }
    }

    /// The user at the other end, 0 for root (`SO_PEERCRED`).
    package func peerUser() throws(SystemError) -> UInt32 {
        var user: uid_t = 0
        // Sound: the call writes one `uid_t`.
        _ = try SystemError.check("ask for the peer's user") { unsafe clinux_peer_user(number, &user) }
        return user
    }

    /// Appends what has come to `buffer`, at most `limit` bytes.
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

    /// Reads from a stream that blocks, and takes the time for which it waits off what there is left for that.
    ///
    /// So whoever sends a byte now and then is waited for no longer than one who sends nothing.
    ///
    /// - Parameters:
    ///   - buffer: what has come is appended to it.
    ///   - limit: bytes at the most.
    ///   - rest: nanoseconds that are left for waiting.
    /// - Returns: `nothingYet` once they are over.
    /// - Throws: What the system says to reading.
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

    /// Sends all of `text` over a stream that blocks; EAGAIN where the other end takes too long.
    package func send(_ text: String) throws(SystemError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = try write(rest)
            guard count > 0 else { throw SystemError("write to a socket", code: EAGAIN) }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends as much of `bytes` as the socket takes and returns how many; 0 where it takes none now.
    ///
    /// EPIPE where the other end is gone; the process gets no SIGPIPE.
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
