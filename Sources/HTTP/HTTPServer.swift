import CHTTP
import Glibc
package import Linux

/// A small HTTP server for whoever wants to look, by libmicrohttpd; the process is nothing else from then on.
package enum HTTPServer {
    /// What is answered to a request.
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

    /// What answers, where C can find it.
    private final class Responder: Sendable {
        let answer: @Sendable (_ path: String) -> Answer

        init(_ answer: @escaping @Sendable (String) -> Answer) { self.answer = answer }
    }

    /// Listens at an address and port, and answers from now on to the process's end.
    ///
    /// Each connection is for one request. One that takes longer than ten seconds for it is cut off, and so is, where there are
    /// too many, the oldest one of whoever has most: a slow client costs itself something and nobody else.
    ///
    /// - Parameters:
    ///   - address: without brackets.
    ///   - port: in host order.
    ///   - answer: called from a thread of the server, one request at a time.
    /// - Throws: `ENOPKG` where libmicrohttpd is not installed; what the system says to listening.
    package static func serve(
        _ address: String,
        port: UInt16,
        _ answer: @escaping @Sendable (_ path: String) -> Answer
    ) throws(SystemError) {
        guard chttp_load() else { throw SystemError("load libmicrohttpd", code: ENOPKG) }
        // Kept for good: there is no end of serving but that of the process.
        let context = unsafe Unmanaged.passRetained(Responder(answer)).toOpaque()
        // Sound: the context is the object that was just retained, and the text is NUL-terminated and read during the calls.
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

    /// An answer as C has it: its body is the server's to free.
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
