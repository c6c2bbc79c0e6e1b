import CFaults
import Glibc
import Linux
import Netfilter
import Testing

/// How a call to the kernel fails while a test makes a request.
struct Failing: Hashable, CustomTestStringConvertible {
    private let kind: cfaults_kind
    let code: Int32

    /// The request cannot be sent.
    static func unsent(_ code: Int32) -> Failing { Failing(kind: cfaults_unsent, code: code) }
    /// The kernel refuses it.
    static func refused(_ code: Int32) -> Failing { Failing(kind: cfaults_refused, code: code) }
    /// Receiving fails, and what there is to receive comes later.
    static func late(_ code: Int32) -> Failing { Failing(kind: cfaults_late, code: code) }
    /// Receiving fails, and what there was to receive never comes.
    static func lost(_ code: Int32) -> Failing { Failing(kind: cfaults_lost, code: code) }

    /// Does `body`, of whose calls one fails in this way, after so many that do not.
    ///
    /// - Returns: What `body` threw, if it did; `nil`, too, if nothing failed because there were fewer calls.
    /// - Throws: If the failure did not come to pass.
    func during(after count: UInt32 = 0, _ body: () throws(SystemError) -> Void) throws -> SystemError? {
        cfaults_plan(kind, code, count)
        var failure: SystemError?
        do throws(SystemError) { try body() } catch { failure = error }
        guard cfaults_end() else { throw SystemError("make the call fail", code: 0) }
        return failure
    }

    /// What a request fails with then; `nil` if it does not, as with the answers that are `harmless` to it.
    func code(unlessAmong harmless: [Int32] = []) -> Int32? {
        switch kind {
        case cfaults_refused: harmless.contains(code) ? nil : code
        // Interrupted calls are made again.
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
