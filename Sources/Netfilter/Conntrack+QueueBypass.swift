// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
package import FTPHelper
import Glibc
package import Linux

/// Control connections whose packets no longer need to be queued.
extension Conntrack {
    /// Marks a control connection, so that the rules queue only its FIN and RST packets.
    ///
    /// Without a `bypassMark` nothing happens.
    ///
    /// - Throws: `ENOENT` if the connection no longer exists.
    package mutating func bypassQueue(_ mapping: Mapping) throws(SystemError) {
        guard let bypassMark else { return }
        try setMark(of: mapping, to: bypassMark.value, within: bypassMark.mask)
    }

    /// Removes the mark of `bypassQueue`; does nothing if the connection no longer exists.
    ///
    /// - Throws: The error with which the kernel answers; `EPERM` without `CAP_NET_ADMIN`.
    package mutating func requeue(_ mapping: Mapping) throws(SystemError) {
        guard let bypassMark else { return }
        do {
            try setMark(of: mapping, to: 0, within: bypassMark.mask)
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Replaces the bits of `mask` in a connection's mark (`CTA_MARK`, `CTA_MARK_MASK`).
    private mutating func setMark(
        of mapping: Mapping,
        to value: UInt32,
        within mask: UInt32
    ) throws(SystemError) {
        try change("mark a control connection", mapping.original) {
            $0.put(connection: mapping.original)
            $0.put(CTA_MARK.rawValue, value)
            $0.put(CTA_MARK_MASK.rawValue, mask)
        }
    }
}
