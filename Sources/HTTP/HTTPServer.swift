// SPDX-License-Identifier: GPL-2.0-or-later
import CHTTP
import Glibc
package import Linux

/// A small HTTP server, with libmicrohttpd, which runs until the process ends.
package enum HTTPServer {
    /// The answer to a request.
    package struct Answer: Sendable {
        package let status: UInt32
        package let isMetrics: Bool
        package let body: String

        package init(status: UInt32, isMetrics: Bool = false, _ body: String) {
            self.status = status
            self.isMetrics = isMetrics
            self.body = body
        }
    }

    /// The handler of requests, as an object that C code can refer to.
    private final class Responder: Sendable {
        let answer: @Sendable (_ path: String) -> Answer

        init(_ answer: @escaping @Sendable (String) -> Answer) { self.answer = answer }
    }

    /// Listens at an address and port, and answers requests from a thread of its own until the process ends.
    ///
    /// Each connection is for one request and is closed after ten seconds. If there are too many connections, the oldest one
    /// of the address with the most is closed, so slow clients do not shut out others.
    ///
    /// - Parameters:
    ///   - address: An IPv4 address, or an IPv6 address without brackets.
    ///   - port: The port, in host byte order.
    ///   - answer: Called from the server's thread, for one request at a time.
    /// - Throws: The error of listening.
    package static func serve(
        _ address: String,
        port: UInt16,
        _ answer: @escaping @Sendable (_ path: String) -> Answer
    ) throws(SystemError) {
        // Never released, as the server runs until the process ends.
        let context = unsafe Unmanaged.passRetained(Responder(answer)).toOpaque()
        // Sound: the context is the object retained above, and the texts are NUL-terminated and read during the calls.
        let isListening = unsafe chttp_serve(
            address,
            port,
            { context, path in
                guard let context = unsafe context, let path = unsafe path else {
                    return unsafe chttp_answer()
                }
                let responder = unsafe Unmanaged<Responder>.fromOpaque(context).takeUnretainedValue()
                return unsafe HTTPServer.copy(responder.answer(unsafe String(cString: path)))
            },
            context
        )
        guard isListening else { throw SystemError("listen at \(address) port \(port)", code: errno) }
    }

    /// Copies an answer into the C structure, whose body the server frees.
    private static func copy(_ answer: Answer) -> chttp_answer {
        let body = unsafe strdup(answer.body)
        return unsafe chttp_answer(
            status: answer.status,
            is_metrics: answer.isMetrics,
            body: body,
            size: body == nil ? 0 : answer.body.utf8.count
        )
    }
}
