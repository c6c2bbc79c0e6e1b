// SPDX-License-Identifier: GPL-2.0-or-later

/// Who wrote a record.
package enum RecordOrigin: Sendable {
    /// The last daemon of this gateway: the record is up to date.
    case predecessor
    /// The daemon of another gateway, or a daemon of this gateway before a failover: later changes may be
    /// missing, and conntrack has the connection under another identifier.
    ///
    /// `clockShift` is added to a time of its clock to get one of this machine's, in nanoseconds.
    case peer(clockShift: Int64)
}
