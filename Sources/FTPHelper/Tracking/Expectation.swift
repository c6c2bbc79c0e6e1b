/// A data connection that was announced and not yet seen.
package struct Expectation: Hashable, Sendable {
    /// What announced it.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case port = "PORT"
        case eprt = "EPRT"
        case lprt = "LPRT"
        case pasv = "PASV"
        case epsv = "EPSV"
        case lpsv = "LPSV"
        /// An encrypted session, whose announcements nobody can read.
        case ftps = "FTPS"

        /// Tells whether the server opens the data connection (PORT and its kin), and not the client.
        package var isActive: Bool {
            switch self {
            case .port, .eprt, .lprt: true
            case .pasv, .epsv, .lpsv, .ftps: false
            }
        }
    }

    /// What that of an encrypted session has besides: it is for many connections to many ports.
    package struct Access: Hashable, Sendable {
        /// Whether the server may open data connections, too.
        package enum Active: String, Hashable, Sendable, CaseIterable {
            case no
            case yes
            /// It might, but cannot reach the client, whose encrypted announcements nobody can rewrite.
            case behindNAT = "behind-nat"
        }

        /// Both ends of the range are as they are on either side of NAT.
        package let ports: ClosedRange<UInt16>
        package let active: Active
        /// Data connections that it may have at once.
        package let maximum: Int
        /// Data connections that it has, as far as is known.
        package let live: Int

        package init(ports: ClosedRange<UInt16>, active: Active, maximum: Int, live: Int) {
            self.ports = ports
            self.active = active
            self.maximum = maximum
            self.live = live
        }
    }

    /// Number by which the administrator can name it; never used twice by one daemon.
    package let id: UInt64
    package let kind: Kind
    /// The control connection it belongs to: the original tuple, as the client's packets arrive.
    package let master: Tuple
    /// The address the data connection's SYN will arrive from.
    package let from: IPAddress
    /// The endpoint the SYN will arrive for; with `from`, the member of the pinhole set.
    package let to: Endpoint
    /// The address that NAT is to show to the receiver instead of `from`; the same where nothing is translated.
    package let translatedFrom: IPAddress
    /// The endpoint that NAT is to lead the SYN to; the same as `to` where nothing is translated.
    package let translatedTo: Endpoint
    /// The conntrack zone that the SYN is in: that of other packets from there.
    package let zone: UInt16
    /// When it closes unused.
    package let deadline: Instant
    /// Of an encrypted session, what it is for; `to` and `translatedTo` then have the first of its ports.
    package let access: Access?

    package init(
        id: UInt64,
        kind: Kind,
        master: Tuple,
        from: IPAddress,
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
        self.to = to
        self.translatedFrom = translatedFrom
        self.translatedTo = translatedTo
        self.zone = zone
        self.deadline = deadline
        self.access = access
    }

    /// Tells whether the data connection needs source or destination NAT.
    package var isTranslated: Bool { from != translatedFrom || to != translatedTo }
}
