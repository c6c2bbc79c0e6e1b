// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux

/// Sets that others empty (`ipset flush`, `ipset restore`), of which the kernel notifies nobody.
extension Engine where System: ~Copyable {
    /// Seconds between two looks while something is open.
    static var setLookSeconds: UInt32 { 1 }

    /// Plans the next look, if something is open in sets that can lose it.
    mutating func planSetLook(at now: Instant) {
        let isOpen = kernel.hasNewestMembers || tracker.expectationCount > 0
        nextSetLook =
            kernel.losesMembersSilently && isOpen ? now.advanced(bySeconds: Self.setLookSeconds) : nil
    }

    /// Opens again what is open, if a set does not have its newest member any more.
    mutating func lookAfterSets(at now: Instant) {
        guard let due = nextSetLook, due <= now else { return }
        do throws(SystemError) {
            if try kernel.haveLostMembers(at: now) {
                notices.count(.emptiedSet, at: now, "another program has removed members of a set")
                reopen(at: now)
            } else if kernel.takeForgottenMembers() {
                rememberMembers()
            }
        } catch {
            notices.count(.openPinhole, at: now, error.description)
        }
        planSetLook(at: now)
    }

    /// Tells the kernel which members are the newest, after those that it knew were removed.
    private mutating func rememberMembers() {
        output.clear()
        tracker.reopen(into: &output)
        var (newest, newest6): (Expectation?, Expectation?)
        for action in output.actions {
            switch action {
            case .open(let expectation):
                if case .v4 = expectation.to.address {
                    newest = expectation.id > newest?.id ?? 0 ? expectation : newest
                } else {
                    newest6 = expectation.id > newest6?.id ?? 0 ? expectation : newest6
                }
            case .queueSYNs(let address): kernel.remember(address)
            default: break
            }
        }
        for case .some(let expectation) in [newest, newest6] { kernel.remember(expectation) }
        output.clear()
    }
}
