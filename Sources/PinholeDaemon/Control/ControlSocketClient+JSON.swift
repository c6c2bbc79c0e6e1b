// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import Messages

extension ControlSocketClient {
    /// Limits for the bytes and for the values of an answer: several times what 65,536 sessions need.
    private static let limits: (size: Int, count: Int) = (64 << 20, 8 << 20)

    /// Sends `request` to the daemon at `path` and returns its answer, which has to be JSON within `limits`.
    package static func answer(
        _ request: ControlRequest,
        at path: String,
        limits: (size: Int, count: Int) = limits
    ) throws(UserError) -> JSON {
        var text: [UInt8] = []
        var count = 0
        try ask(request, at: path) { (piece) throws(UserError) in
            text += piece
            count += piece.count { "[{,:".utf8.contains($0) }
            guard text.count <= limits.size, count <= limits.count else {
                throw UserError(
                    "the answer of the daemon is too large",
                    hint: "check which process listens at the control socket"
                )
            }
        }
        guard let answer = JSON(parsing: text) else { throw UserError.invalidAnswer }
        return answer
    }
}
