// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// Something for the log and the event stream, written after the verdicts were sent.
package enum Notice: Hashable, Sendable {
    /// An event; `leftOut` refusals were suppressed since the last one.
    case event(Event, leftOut: UInt64)
    /// A failure and its reason; `leftOut` of the same kind were suppressed since the last one.
    case fault(Fault, reason: String, leftOut: UInt64)
}
