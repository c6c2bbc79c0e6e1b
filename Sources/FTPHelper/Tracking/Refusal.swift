// SPDX-License-Identifier: GPL-2.0-or-later

/// A line or packet for which nothing was opened, and the reason.
package struct Refusal: Hashable, Sendable {
    /// The names that logs, counters and JSON share.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case malformed
        case addressMismatch = "address-mismatch"
        case privilegedPort = "privileged-port"
        case unsolicited
        case notLoggedIn = "not-logged-in"
        case notFTP = "not-ftp"
        case pipelined
        case tableFull = "table-full"
        case noMapping = "no-mapping"
        /// The packet arrived through an interface behind which its sender cannot be.
        case forged
        /// More announcements per time than a connection or a client may make.
        case tooMany = "too-many"
        /// NAT has no free port to lend, or the client has its share already.
        case noPort = "no-port"
        /// Active or passive data connections are not allowed for this server.
        case notAllowed = "not-allowed"
        /// The line would have to be rewritten, but another part of the kernel already shifts the
        /// connection's numbers (SYNPROXY).
        case seqAdjusted = "seq-adjusted"
        /// The encrypted session has its maximum number of data connections.
        case ftpsLimit = "ftps-limit"
    }

    /// Why nothing was opened.
    package let reason: Reason
    /// What the line would have announced; `nil` if it announced nothing, for example with `notFTP`.
    package let kind: Expectation.Kind?
    /// The original tuple of the control connection if it is known, else the tuple of the packet.
    package let connection: Tuple
    /// The line without its end, at most 120 bytes, unescaped; empty if there is none.
    ///
    /// It is never a PASS or ACCT command, because their arguments are secret.
    package let line: [UInt8]

    package init(reason: Reason, kind: Expectation.Kind?, connection: Tuple, line: [UInt8]) {
        self.reason = reason
        self.kind = kind
        self.connection = connection
        self.line = line
    }
}
