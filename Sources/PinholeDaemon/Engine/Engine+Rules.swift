// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// Firewall rules that others remove.
extension Engine where System: ~Copyable {
    /// Takes note of a change of the rules.
    ///
    /// Sets that were removed or replaced with the rules are empty, so everything that is open is opened again.
    package mutating func note(_ change: RulesChange, at now: Instant) {
        switch change {
        case .missing: rules.areLoaded = false
        case .repaired:
            rules.repairs += 1
            reopen(at: now)
            noteLoading(at: now)
        case .loaded: noteLoading(at: now)
        case .replaced: reopen(at: now)
        }
    }

    mutating func reopen(at now: Instant) {
        output.clear()
        tracker.reopen(into: &output)
        perform(at: now)
    }

    /// Takes note that the rules are being loaded: packets may have bypassed the queue until now.
    package mutating func noteLoading(at now: Instant) {
        rules.areLoaded = true
        rules.loaded = now
        requireProofs(at: now)
    }

    /// Makes rewritten sessions prove their positions, because packets may have bypassed the queue.
    package mutating func requireProofs(at now: Instant) { tracker.requireProofs(at: now) }

    /// Gives the ends of restored sessions their time to confirm the positions from now on: call it before the first packet.
    package mutating func restartProofs(at now: Instant) { tracker.restartProofs(at: now) }
}
