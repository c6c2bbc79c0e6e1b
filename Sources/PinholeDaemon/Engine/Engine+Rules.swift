// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// Firewall rules that others remove.
extension Engine where System: ~Copyable {
    /// Takes note of a change of the rules.
    ///
    /// Sets that were removed with the rules come back empty, so everything that is open is opened again. Packets may have passed
    /// by meanwhile, so rewritten sessions are looked after.
    package mutating func note(_ change: RulesChange, at now: Instant) {
        switch change {
        case .missing: rules.areLoaded = false
        case .repaired:
            rules.areLoaded = true
            rules.repairs += 1
            output.clear()
            tracker.reopen(into: &output)
            tracker.askForPositions(at: now, into: &output)
            perform(at: now)
        }
    }
}
