import CLinux
import Glibc
package import Linux

/// Asks a web server on this machine for something.
package enum HTTPClient {
    /// Seconds for which it waits, to be let in and then for all of the answer.
    private static let timeout: Int32 = 3
    /// Bytes of an answer that are read at the most.
    private static let maximumSize = 1 << 20

    /// The answer to a GET of `path` from 127.0.0.1, its headers too, as far as it comes in time.
    package static func get(_ path: String, port: UInt16) throws(SystemError) -> String {
        let number = try SystemError.check("connect to 127.0.0.1 port \(port)") {
            clinux_loopback_connect(port, timeout)
        }
        // A connection over TCP is read and written like one over a Unix socket.
        let stream = UnixStream(adopting: number)
        try stream.send("GET \(path) HTTP/1.0\r\n\r\n")
        var answer: [UInt8] = []
        var rest = UInt64(timeout) * 1_000_000_000
        while answer.count < maximumSize,
            case .bytes = try stream.read(into: &answer, limit: 65536, waiting: &rest)
        {}
        return String(decoding: answer, as: UTF8.self)
    }
}
