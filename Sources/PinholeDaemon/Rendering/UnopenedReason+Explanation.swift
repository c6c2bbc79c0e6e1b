// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

extension UnopenedReason {
    /// One sentence for people: what happened, and what the administrator can do about it.
    var explanation: String {
        switch self {
        case .unannounced:
            "a transfer was asked for, and neither side has announced a data connection for it in sight: see whether the "
                + "packets of both directions pass this gateway"
        case .longLine:
            "a line of more than 4096 bytes passed unread: what it may have announced opens nothing"
        case .unendedReply:
            "a reply of several lines has not ended with its own code, and what looks like another may be text within it "
                + "that the client has chosen: nothing opens until that end comes"
        case .ftpsUnconfigured:
            "the session is encrypted, so its announcements cannot be read, and nothing is configured for it: write a section "
                + "[server ADDRESS] with ftps-ports = FIRST-LAST, the server's passive ports, into the configuration, and its "
                + "port into implicit-tls if TLS begins with the first byte"
        }
    }
}
