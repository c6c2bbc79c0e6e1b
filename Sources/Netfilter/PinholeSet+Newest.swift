// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Linux

/// The newest member of each ipset, which shows whether somebody has emptied it.
///
/// The kernel notifies nobody of changes in ipsets. One that was flushed, swapped or loaded from a file lacks the member that was
/// added last, so one question for each set is enough, however many members it has.
extension PinholeSet {
    /// A member, and when the kernel removes it by itself.
    struct Newest {
        let member: Member
        let end: Instant?
    }

    /// Seconds before its end from which a member is not asked for: the kernel's clock is another one.
    private static let margin: UInt32 = 2

    /// Whether it is known which member of some set is the newest.
    package var hasNewest: Bool { !newest.isEmpty }

    /// Notes an expectation that is in its set as the newest member, as `add` does.
    package mutating func remember(_ expectation: Expectation) {
        expectation.forEachSource {
            remember(.pinhole(to: expectation.to, from: $0), until: expectation.deadline)
        }
    }

    /// Notes an address that is in its set as the newest member, as `queueSYNs` does.
    package mutating func remember(_ address: IPAddress) { remember(.session(address), until: nil) }

    /// Tells whether the newest member of a set is gone, though nobody has removed it through this.
    ///
    /// Sets that do not exist have lost nothing: whoever creates them again reports it, and they are asked again.
    package mutating func haveLostMembers(at now: Instant) throws(SystemError) -> Bool {
        var failure: SystemError?
        for (name, last) in newest {
            if let end = last.end, end <= now.advanced(bySeconds: Self.margin) {
                forgetNewest(of: name)
                continue
            }
            do throws(SystemError) {
                guard try !hasMember(last.member) else { continue }
                newest.removeAll()
                return true
            } catch {
                // Such a set is not asked again before something is added to it.
                newest[name] = nil
                failure = error
            }
        }
        if let failure { throw failure }
        return false
    }

    mutating func remember(_ member: Member, until end: Instant?) {
        newest[member.setName] = Newest(member: member, end: end)
    }

    mutating func forget(_ member: Member) {
        if newest[member.setName]?.member == member { forgetNewest(of: member.setName) }
    }

    private mutating func forgetNewest(of name: String) {
        newest[name] = nil
        hasForgotten = true
    }
}
