import CLinux
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

    /// Connects to the socket file at `path`: ENOENT where there is none, ECONNREFUSED where nobody listens.
    package static func connect(to path: String) throws(SystemError) -> UnixStream {
        // Sound: the path is NUL-terminated and read during the call.
        let number = unsafe clinux_unix_connect(path)
        guard number >= 0 else { throw SystemError("connect to \(path)", code: errno) }
        return UnixStream(adopting: number)
    }

    package var number: Int32 { descriptor.number }

    /// The user at the other end, 0 for root (`SO_PEERCRED`).
    package func peerUser() throws(SystemError) -> UInt32 {
        var user: uid_t = 0
        // Sound: the call writes one `uid_t`.
        guard unsafe clinux_peer_user(number, &user) == 0 else {
            throw SystemError("ask for the peer's user", code: errno)
        }
        return user
    }

    /// Appends what has come to `buffer`, at most `limit` bytes.
    package func read(into buffer: inout [UInt8], limit: Int) throws(SystemError) -> Reading {
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: limit))
        // Sound: the kernel writes at most the `limit` bytes that were just appended.
        let (count, failure) = unsafe buffer.withUnsafeMutableBytes { bytes in
            while true {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                let count = unsafe recv(number, rest.baseAddress, rest.count, 0)
                if count >= 0 || errno != EINTR { return (count, errno) }
            }
        }
        buffer.removeLast(limit - max(0, count))
        switch (count, failure) {
        case (1..., _): return .bytes(count)
        case (0, _): return .end
        case (_, EAGAIN): return .nothingYet
        default: throw SystemError("read from the socket", code: failure)
        }
    }

    /// Sends as much of `bytes` as the socket takes and returns how many; 0 where it takes none now.
    ///
    /// EPIPE where the other end is gone; the process gets no SIGPIPE.
    package func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        // Sound: the kernel reads `bytes.count` bytes from storage that lives during the call.
        let (count, failure) = unsafe bytes.withUnsafeBytes { bytes in
            while true {
                let count = unsafe send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
                if count >= 0 || errno != EINTR { return (count, errno) }
            }
        }
        if count >= 0 { return count }
        if failure == EAGAIN { return 0 }
        throw SystemError("write to the socket", code: failure)
    }
}
