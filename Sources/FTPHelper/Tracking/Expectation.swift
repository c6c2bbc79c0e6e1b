// SPDX-License-Identifier: GPL-2.0-or-later

/// A data connection that was announced and has not been seen yet.
package struct Expectation: Hashable, Sendable {
    /// What announced it.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case port = "PORT"
        case eprt = "EPRT"
        case lprt = "LPRT"
        case pasv = "PASV"
        case epsv = "EPSV"
        case lpsv = "LPSV"
        /// An encrypted session, whose announcements cannot be read.
        case ftps = "FTPS"

        /// Tells whether the server opens the data connection (PORT, EPRT, LPRT).
        package var isActive: Bool {
            switch self {
            case .port, .eprt, .lprt: true
            case .pasv, .epsv, .lpsv, .ftps: false
            }
        }
    }

    /// What the expectation of an encrypted session also has: it allows many connections to many ports.
    package struct Access: Hashable, Sendable {
        /// Whether the server may open data connections, too.
        package enum Active: String, Hashable, Sendable, CaseIterable {
            case no
            case yes
            /// It would be allowed to, but cannot reach the client: encrypted announcements cannot be
            /// rewritten for NAT.
            case behindNAT = "behind-nat"
        }

        /// The server's data ports, the same on both sides of NAT.
        package let ports: ClosedRange<UInt16>
        package let active: Active
        /// Maximum number of data connections at a time.
        package let maximum: Int
        /// Number of current data connections, as far as is known.
        package let live: Int

        package init(ports: ClosedRange<UInt16>, active: Active, maximum: Int, live: Int) {
            self.ports = ports
            self.active = active
            self.maximum = maximum
            self.live = live
        }
    }

    /// The number by which the administrator refers to it; a daemon never uses one twice.
    package let id: UInt64
    package let kind: Kind
    /// The master: the original tuple of the control connection, as the client's packets arrive.
    package let master: Tuple
    /// The source address with which the data connection's SYN will arrive.
    package let from: IPAddress
    /// Other hosts of the server's farm, from which the SYN may arrive as well.
    package let others: [IPAddress]
    /// The destination with which the SYN will arrive; together with `from`, an element of the pinhole set.
    package let to: Endpoint
    /// The source address after NAT; equal to `from` without NAT.
    package let translatedFrom: IPAddress
    /// The destination after NAT; equal to `to` without NAT.
    package let translatedTo: Endpoint
    /// The conntrack zone of the SYN: that of other packets from the same side.
    package let zone: UInt16
    /// When it closes unused.
    package let deadline: Instant
    /// What the expectation of an encrypted session allows; `to` and `translatedTo` then have the first of
    /// its ports.
    package let access: Access?

    package init(
        id: UInt64,
        kind: Kind,
        master: Tuple,
        from: IPAddress,
        others: [IPAddress] = [],
        to: Endpoint,
        translatedFrom: IPAddress,
        translatedTo: Endpoint,
        zone: UInt16 = 0,
        deadline: Instant,
        access: Access? = nil
    ) {
        self.id = id
        self.kind = kind
        self.master = master
        self.from = from
        self.others = others
        self.to = to
        self.translatedFrom = translatedFrom
        self.translatedTo = translatedTo
        self.zone = zone
        self.deadline = deadline
        self.access = access
    }

    /// Calls `body` with each address from which the SYN may arrive; together with `to`, each is an element of
    /// the pinhole set.
    package func forEachSource<Failure: Error>(
        _ body: (IPAddress) throws(Failure) -> Void
    ) throws(Failure) {
        try body(from)
        for other in others { try body(other) }
    }

    /// The expectation as it is for a SYN from one of its sources.
    func arriving(from source: IPAddress) -> Expectation {
        Expectation(
            id: id,
            kind: kind,
            master: master,
            from: source,
            to: to,
            translatedFrom: from == translatedFrom ? source : translatedFrom,
            translatedTo: translatedTo,
            zone: zone,
            deadline: deadline,
            access: access
        )
    }

    /// Tells whether the data connection needs source or destination NAT.
    package var isTranslated: Bool { from != translatedFrom || to != translatedTo }
}
