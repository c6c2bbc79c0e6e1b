// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Messages

/// FTPS that is configured, while the loaded rules are not made for it.
///
/// Rules that were loaded before FTPS was configured have no sets for it. Plain FTP goes on meanwhile: a daemon that did not
/// start would cost all sessions. FTPS begins when the sets are there.
final class AwaitedFTPS {
    /// Seconds between two looks for the sets.
    static let interval: UInt32 = 2

    /// The configured policy; `nil` if it is in force.
    private var policy: Policy?
    /// When to look for the sets again; `nil` if nothing is awaited.
    private(set) var deadline: Instant?

    /// Takes over a configured policy.
    ///
    /// - Parameters:
    ///   - policy: The configured policy.
    ///   - missing: The sets of encrypted sessions that do not exist.
    ///   - now: The current time.
    /// - Returns: What of the policy is possible now, and what is wrong if that is not all.
    func possible(
        _ policy: Policy,
        missing: [String],
        at now: Instant
    ) -> (policy: Policy, problem: UserError?) {
        guard policy.opensForFTPS, !missing.isEmpty else {
            self.policy = nil
            deadline = nil
            return (policy, nil)
        }
        self.policy = policy
        deadline = now.advanced(bySeconds: Self.interval)
        let problem = UserError(
            "encrypted sessions get no help: there is no set \(missing.joined(separator: ", "))",
            hint: "load the rules with: pinhole rules load"
        )
        return (policy.withoutFTPS, problem)
    }

    /// The policy that is possible from now on; `nil` if it is not time to look, or the sets are still missing.
    func newPolicy(at now: Instant, missing: () -> [String]) -> Policy? {
        guard let policy, let deadline, deadline <= now else { return nil }
        return possible(policy, missing: missing(), at: now).problem == nil ? policy : nil
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
