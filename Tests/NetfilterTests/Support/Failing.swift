// SPDX-License-Identifier: GPL-2.0-or-later
import CFaults
import Glibc
import Linux
import Netfilter
import Testing

/// A failure of a call to the kernel, injected while a test makes a request.
struct Failing: Hashable, CustomTestStringConvertible {
    private let kind: cfaults_kind
    let code: Int32

    /// Sending the request fails.
    static func unsent(_ code: Int32) -> Failing { Failing(kind: cfaults_unsent, code: code) }
    /// The kernel answers the request with an error.
    static func refused(_ code: Int32) -> Failing { Failing(kind: cfaults_refused, code: code) }
    /// Receiving fails once; the datagram can be received later.
    static func late(_ code: Int32) -> Failing { Failing(kind: cfaults_late, code: code) }
    /// Receiving fails and the datagram is lost.
    static func lost(_ code: Int32) -> Failing { Failing(kind: cfaults_lost, code: code) }

    /// Runs `body` and makes one of its calls fail, after `count` calls that do not fail.
    ///
    /// - Returns: The error that `body` threw; `nil` if it threw none.
    /// - Throws: An error if `body` made too few calls, so that none failed.
    func during(after count: UInt32 = 0, _ body: () throws(SystemError) -> Void) throws -> SystemError? {
        cfaults_plan(kind, code, count)
        var failure: SystemError?
        do throws(SystemError) { try body() } catch { failure = error }
        guard cfaults_end() else { throw SystemError("make the call fail", code: 0) }
        return failure
    }

    /// The error code that a request must report then; `nil` if it must succeed, as for answers in `harmless`.
    func code(unlessAmong harmless: [Int32] = []) -> Int32? {
        switch kind {
        case cfaults_refused: harmless.contains(code) ? nil : code
        // Interrupted calls are repeated.
        default: code == EINTR ? nil : isOfReceiving && code == EAGAIN ? ETIMEDOUT : code
        }
    }

    var isAnswer: Bool { kind == cfaults_refused }
    private var isOfReceiving: Bool { kind == cfaults_late || kind == cfaults_lost }

    var testDescription: String {
        let how =
            switch kind {
            case cfaults_unsent: "unsent"
            case cfaults_refused: "refused"
            case cfaults_late: "late"
            default: "lost"
            }
        return "\(how): \(code)"
    }
}
