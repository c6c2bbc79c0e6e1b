/// What the administrator allows.
package struct Policy: Sendable {
    /// What holds for a connection.
    package struct Rules: Hashable, Sendable {
        /// Seconds after which an expectation that nobody used closes; the kernel's helper has the same 300.
        package var timeout: UInt32 = 300
        /// Honours an advertised address that is not the sender's (contract A4, the kernel's `loose=1`).
        package var isLoose = false
        /// Ends connections that try what no client does, and refuses pipelined announcements (contract A7).
        package var isStrict = false
        /// Opens ports below 1024 too (contract A5).
        package var allowsPrivilegedPorts = false
        /// Whether what clients announce with PORT, EPRT or LPRT opens anything.
        package var allowsActive = true
        /// Whether what the server announces with 227, 228 or 229 does.
        package var allowsPassive = true
        /// Ports that NAT may lend where that of the announcement is not free.
        package var natPorts = PortAllocator.usualRange
        /// Believes the PROXY header in front of a client's first command: the client may announce the address in it.
        package var trustsProxyHeader = false
        /// Ports that the server has for the data connections of encrypted sessions; `nil` if nothing opens for these.
        package var ftpsPorts: ClosedRange<UInt16>?
        /// Whether the server may open data connections to the clients of its encrypted sessions.
        package var allowsActiveFTPS = false
        /// Data connections that an encrypted session may have at once.
        package var maximumFTPSConnections = 10

        package init() {}
    }

    /// What holds where nothing else is said of the server.
    package var rules = Rules()
    /// What else holds for servers with some addresses, those that are narrower in front.
    package private(set) var servers: [(prefix: AddressPrefix, rules: Rules)] = []
    /// Ports on which a connection is encrypted from its first byte (implicit FTPS).
    package var implicitTLSPorts: [UInt16] = []
    /// Control connections that are followed at once; further ones pass without help.
    package var maximumConnections = 65536
    /// As many of them as one client may have, an address or the 64 leading bits of one of IPv6; `nil` for a quarter of all.
    package var maximumClientConnections: Int?

    package init() {}

    /// Lets other rules hold for servers with these addresses, in place of wider ones and of what was said of them before.
    package mutating func set(_ rules: Rules, for prefix: AddressPrefix) {
        servers.removeAll { $0.prefix == prefix }
        let index = servers.firstIndex { $0.prefix.length < prefix.length } ?? servers.count
        servers.insert((prefix, rules), at: index)
    }

    /// How many connections one client may have.
    var clientShare: Int { maximumClientConnections ?? max(1, maximumConnections / 4) }

    /// Tells whether anything opens for the encrypted sessions of any server.
    package var opensForFTPS: Bool { servers.contains { $0.rules.ftpsPorts != nil } }

    /// What holds for servers with these addresses, so far.
    package func rules(for prefix: AddressPrefix) -> Rules {
        servers.first { $0.prefix.length <= prefix.length && $0.prefix.contains(prefix.address) }?.rules
            ?? rules
    }

    /// What holds for a connection: its server may be meant by the address that it has, or by the one that clients know.
    func rules(for mapping: Mapping) -> Rules {
        guard !servers.isEmpty else { return rules }
        let own = mapping.reply.source.address
        let known = mapping.original.destination.address
        return servers.first { $0.prefix.contains(own) || $0.prefix.contains(known) }?.rules ?? rules
    }
}
