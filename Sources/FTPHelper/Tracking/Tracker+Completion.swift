// SPDX-License-Identifier: GPL-2.0-or-later

/// What the kernel answers.
extension Tracker {
    /// Records what became of a request.
    ///
    /// Call it after all actions of an `Output` have been performed, not in between: it may add others.
    package mutating func complete(_ completion: Completion, at now: Instant, into output: inout Output) {
        switch completion {
        case .notOpened(let expectation): fail(expectation, into: &output)
        case .notQueued(let address): fail(address, into: &output)
        case .established(let data): confirm(data, at: now, into: &output)
        case .notEstablished(let data): failToEstablish(data, into: &output)
        case .verified(let mapping, .gone): forget(mapping, at: now, into: &output)
        case .verified(let mapping, .closing): endSession(of: mapping, into: &output)
        case .verified(
            let mapping,
            .there(let id, let hasKernelHelper, let shifted, let hasMaster, let isReversed)
        ):
            noteDirection(of: mapping, isReversed: isReversed, into: &output)
            learn(
                mapping,
                entryID: id,
                hasKernelHelper: hasKernelHelper,
                shifted: shifted,
                hasMaster: hasMaster,
                phase: .established,
                at: now,
                into: &output
            )
        case .measured(let summary, let entry): measured(summary, entry, at: now, into: &output)
        case .looked(let data, .answered): confirm(data, at: now)
        case .looked(let data, .unanswered(let stage, let leaving)):
            suspect(data, stage, leaving: leaving, at: now, into: &output)
        case .looked(let data, .ended(let wasAnswered)):
            if wasAnswered { confirm(data, at: now) }
            endDataConnection(data)
        }
    }
}
