/// A line that asked for a pinhole and got none, and why.
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
        /// The packet cannot have come from where its address is.
        case forged
        /// More announcements in a time than a connection or a client may have.
        case tooMany = "too-many"
        /// NAT has no port to lend for the data connection, or none more for this client.
        case noPort = "no-port"
        /// Active or passive data connections of the server are not to be helped.
        case notAllowed = "not-allowed"
        /// The line would have to name another endpoint, and somebody else shifts the connection's numbers already (SYNPROXY).
        case seqAdjusted = "seq-adjusted"
        /// One more data connection of an encrypted session than it may have at once.
        case ftpsLimit = "ftps-limit"
    }

    package let reason: Reason
    /// What the line would have announced; `nil` where it announced nothing, as with `notFTP`.
    package let kind: Expectation.Kind?
    /// The control connection: the original tuple where it is known, else the tuple of the packet.
    package let connection: Tuple
    /// The line without its end, at most 120 bytes, unescaped; empty where there is none.
    ///
    /// Never a PASS or ACCT, whose arguments are nobody's business.
    package let line: [UInt8]

    package init(reason: Reason, kind: Expectation.Kind?, connection: Tuple, line: [UInt8]) {
        self.reason = reason
        self.kind = kind
        self.connection = connection
        self.line = line
    }
}
