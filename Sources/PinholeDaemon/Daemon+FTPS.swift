// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Messages

/// What happens to FTPS if the loaded rules are not made for it.
extension Daemon {
    /// The policy that is possible with the loaded rules, and what is wrong with them.
    ///
    /// Rules that were loaded before FTPS was configured do not queue for it. Plain FTP goes on without it: a daemon that did
    /// not start would cost all sessions.
    ///
    /// - Parameters:
    ///   - policy: The configured policy.
    ///   - missing: The sets of encrypted sessions that do not exist.
    /// - Returns: The policy to use, and the problem if it differs from `policy`.
    static func possible(
        _ policy: Policy,
        missing: [String]
    ) -> (policy: Policy, problem: UserError?) {
        guard policy.opensForFTPS, !missing.isEmpty else { return (policy, nil) }
        let problem = UserError(
            "encrypted sessions get no help: there is no set \(missing.joined(separator: ", "))",
            hint: "pinhole rules load, then pinhole reload"
        )
        return (policy.withoutFTPS, problem)
    }
}

extension Log {
    /// Writes that FTPS is configured and not possible.
    mutating func write(ftpsProblem problem: UserError) {
        write(.error, "ftps-unavailable") {
            $0.add("reason", problem.message)
            $0.add("hint", problem.hint)
        }
    }
}
