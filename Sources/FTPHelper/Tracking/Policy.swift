// SPDX-License-Identifier: GPL-2.0-or-later

/// What the administrator allows.
package struct Policy: Sendable {
    /// Rules for the connections of a server.
    package struct Rules: Hashable, Sendable {
        /// Seconds after which an unused expectation closes; 300, as in the kernel's helper.
        package var timeout: UInt32 = 300
        /// The advertised addresses that are honoured although they are not the sender's (contract A3, A4).
        package var honoured = HonouredAddresses.none
        /// Whether connections with invalid announcements are reset, and pipelined announcements refused
        /// (contract A7).
        package var isStrict = false
        /// Whether ports below 1024 are opened (contract A5).
        package var allowsPrivilegedPorts = false
        /// Whether PORT, EPRT and LPRT open anything.
        package var allowsActive = true
        /// Whether 227, 228 and 229 open anything.
        package var allowsPassive = true
        /// Ports that NAT may lend if the announced one is not free.
        package var natPorts = PortAllocator.usualRange
        /// Whether the PROXY header is trusted: the client may then announce the address in it.
        package var trustsProxyHeader = false
        /// The server's ports for data connections of encrypted sessions; `nil` to open nothing for these.
        package var ftpsPorts: ClosedRange<UInt16>?
        /// Whether the server may open data connections to the clients of its encrypted sessions.
        package var allowsActiveFTPS = false
        /// Maximum number of data connections of an encrypted session at a time.
        package var maximumFTPSConnections = 10

        package init() {}
    }

    /// The rules for servers without rules of their own.
    package var rules = Rules()
    /// Rules for servers by address, the longest prefixes first.
    package private(set) var servers: [(prefix: AddressPrefix, rules: Rules)] = []
    /// Ports on which a connection is encrypted from its first byte (implicit FTPS).
    package var implicitTLSPorts: [UInt16] = []
    /// Maximum number of control connections; further ones pass without help.
    package var maximumConnections = 65536
    /// Maximum number of control connections of one `Client`; `nil` for a quarter of `maximumConnections`.
    package var maximumClientConnections: Int?

    package init() {}

    /// Sets the rules for servers with these addresses.
    ///
    /// They replace earlier rules for the same prefix and take precedence over those for shorter prefixes.
    package mutating func set(_ rules: Rules, for prefix: AddressPrefix) {
        servers.removeAll { $0.prefix == prefix }
        let index = servers.firstIndex { $0.prefix.length < prefix.length } ?? servers.count
        servers.insert((prefix, rules), at: index)
    }

    /// Maximum number of connections of one client.
    var clientShare: Int { maximumClientConnections ?? max(1, maximumConnections / 4) }

    /// Tells whether anything opens for the encrypted sessions of any server.
    package var opensForFTPS: Bool { servers.contains { $0.rules.ftpsPorts != nil } }

    /// The rules that currently apply to servers with these addresses.
    package func rules(for prefix: AddressPrefix) -> Rules {
        servers.first { $0.prefix.length <= prefix.length && $0.prefix.contains(prefix.address) }?.rules
            ?? rules
    }

    /// The rules for a connection.
    ///
    /// Its server matches by its own address or by the one that clients know.
    func rules(for mapping: Mapping) -> Rules {
        guard !servers.isEmpty else { return rules }
        let own = mapping.reply.source.address
        let known = mapping.original.destination.address
        return servers.first { $0.prefix.contains(own) || $0.prefix.contains(known) }?.rules ?? rules
    }
}
