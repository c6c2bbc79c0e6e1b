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

        package init() {}
    }

    /// What holds where nothing else is said of the server.
    package var rules = Rules()
    /// What else holds for servers with some addresses, those that are narrower in front.
    package private(set) var servers: [(prefix: AddressPrefix, rules: Rules)] = []
    /// Control connections that are followed at once; further ones pass without help.
    package var maximumConnections = 65536

    package init() {}

    /// Lets other rules hold for servers with these addresses, in place of wider ones and of what was said of them before.
    package mutating func set(_ rules: Rules, for prefix: AddressPrefix) {
        servers.removeAll { $0.prefix == prefix }
        let index = servers.firstIndex { $0.prefix.length < prefix.length } ?? servers.count
        servers.insert((prefix, rules), at: index)
    }

    /// What holds for a connection: its server may be meant by the address that it has, or by the one that clients know.
    func rules(for mapping: Mapping) -> Rules {
        guard !servers.isEmpty else { return rules }
        let own = mapping.reply.source.address
        let known = mapping.original.destination.address
        return servers.first { $0.prefix.contains(own) || $0.prefix.contains(known) }?.rules ?? rules
    }
}
