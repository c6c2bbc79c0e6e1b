// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

extension Policy {
    /// A copy of the policy by which nothing opens for encrypted sessions.
    var withoutFTPS: Policy {
        var policy = self
        for (prefix, rules) in servers {
            var rules = rules
            rules.ftpsPorts = nil
            rules.allowsActiveFTPS = false
            policy.set(rules, for: prefix)
        }
        return policy
    }
}
