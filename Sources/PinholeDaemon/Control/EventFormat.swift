// SPDX-License-Identifier: GPL-2.0-or-later

/// The format of events.
package enum EventFormat: String, Hashable, Sendable, CaseIterable {
    case text
    case json
    /// File transfers only, in the log format of FTP servers (xferlog(5)).
    case xferlog
}
