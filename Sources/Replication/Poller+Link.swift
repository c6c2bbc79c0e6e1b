// SPDX-License-Identifier: GPL-2.0-or-later
import Linux

extension Poller {
    /// Registers what to wait for on a link, if that has changed.
    func adjust(_ link: Link, to interest: Interest) throws(SystemError) {
        guard link.registered != interest else { return }
        try change(link.stream.number, to: interest)
        link.registered = interest
    }
}
