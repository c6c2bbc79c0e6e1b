// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc
package import Linux

/// A minimal HTTP client for a server on this host.
package enum HTTPClient {
    /// The timeout of connecting, and then of the whole answer, in seconds.
    private static let timeout: Int32 = 3
    /// The largest number of bytes of an answer that are read.
    private static let maximumSize = 1 << 20

    /// Sends a GET request for `path` to 127.0.0.1, and returns the part of the answer, with its headers, that arrives in time.
    package static func get(_ path: String, port: UInt16) throws(SystemError) -> String {
        let number = try SystemError.check("connect to 127.0.0.1 port \(port)") {
            clinux_loopback_connect(port, timeout)
        }
        // A TCP socket is read and written like a Unix stream socket.
        let stream = SocketStream(adopting: number)
        try stream.send("GET \(path) HTTP/1.0\r\n\r\n")
        var answer: [UInt8] = []
        var rest = UInt64(timeout) * 1_000_000_000
        while answer.count < maximumSize,
            case .bytes = try stream.read(into: &answer, limit: 65536, waiting: &rest)
        {}
        return String(decoding: answer, as: UTF8.self)
    }
}
