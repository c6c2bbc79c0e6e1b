// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// Firewall rules that others remove.
extension Engine where System: ~Copyable {
    /// Takes note of a change of the rules.
    ///
    /// Sets that were removed with the rules come back empty, so everything that is open is opened again. Packets may have passed
    /// by meanwhile, so what is known of the sessions is doubted.
    package mutating func note(_ change: RulesChange, at now: Instant) {
        switch change {
        case .missing: rules.areLoaded = false
        case .repaired:
            rules.areLoaded = true
            rules.repairs += 1
            output.clear()
            tracker.reopen(into: &output)
            perform(at: now)
            doubtSessions(at: now)
        }
    }

    /// Doubts what is known of the sessions, since packets may have passed by.
    package mutating func doubtSessions(at now: Instant) { tracker.doubtSessions(at: now) }
}
