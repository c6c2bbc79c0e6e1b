// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Where client and server are, and what the gateway does to their addresses.
struct Topology: Sendable, CustomTestStringConvertible {
    let name: String
    /// The machine the client runs on: `.client`, or the gateway itself.
    var clientHost = Host.client
    /// The machine the server runs on: `.server`, or the gateway itself.
    var serverHost = Host.server
    /// The client's own address.
    var client = "10.1.0.2"
    /// The server's own address.
    var server = "10.2.0.2"
    /// The address under which the server sees the client, when source NAT changes it.
    var clientSeenAs: String?
    /// Lets the gateway choose that address: its own towards the server.
    var isMasqueraded = false
    /// The address under which the client knows the server, when destination NAT leads to it.
    var serverKnownAs: String?
    /// Makes the gateway a transparent bridge between two ends in one network.
    var isBridged = false
    /// The control port that the client connects to.
    var port = 21
    /// The control port that the server listens on, when destination NAT changes it.
    var serverPortBehindNAT: Int?

    var isIPv6: Bool { client.contains(":") }
    var testDescription: String { name }

    /// The modes that exist in this address family.
    var modes: [Mode] { Mode.allCases.filter { $0.isExtended || !isIPv6 } }
    /// The address the client connects to.
    var dialled: String { serverKnownAs ?? server }
    /// The port the server listens on.
    var serverPort: Int { serverPortBehindNAT ?? port }
    /// The client's address as the server sees it.
    var seen: String { clientSeenAs ?? client }

    static let routed = Topology(name: "routed")
    static let masqueraded = Topology(name: "MASQUERADE", clientSeenAs: "10.2.0.1", isMasqueraded: true)
    static let shorterSNAT = Topology(
        name: "SNAT to a shorter address",
        client: "10.101.102.103",
        clientSeenAs: "9.8.7.6"
    )
    static let longerSNAT = Topology(name: "SNAT to a longer address", clientSeenAs: "192.168.200.100")
    static let shorterDNAT = Topology(
        name: "DNAT from a shorter address",
        server: "10.202.203.204",
        serverKnownAs: "9.8.7.6"
    )
    static let longerDNAT = Topology(name: "DNAT from a longer address", serverKnownAs: "203.0.113.205")
    static let portDNAT = Topology(
        name: "DNAT to port 2121",
        serverKnownAs: "10.1.0.200",
        serverPortBehindNAT: 2121
    )
    static let bothNATs = Topology(
        name: "SNAT and DNAT",
        client: "10.101.102.103",
        clientSeenAs: "9.8.7.6",
        serverKnownAs: "203.0.113.205"
    )
    static let serverOnGateway = Topology(
        name: "server on the gateway",
        serverHost: .gateway,
        server: "10.1.0.1"
    )
    static let clientOnGateway = Topology(
        name: "client on the gateway",
        clientHost: .gateway,
        client: "10.2.0.1"
    )
    static let otherPort = Topology(
        name: "control port 2121, MASQUERADE",
        clientSeenAs: "10.2.0.1",
        isMasqueraded: true,
        port: 2121
    )
    static let routed6 = Topology(name: "IPv6 routed", client: "fd01::2", server: "fd02::2")
    static let masqueraded6 = Topology(
        name: "IPv6 MASQUERADE",
        client: "fd01::abcd:2",
        server: "fd02::2",
        clientSeenAs: "fd02::1",
        isMasqueraded: true
    )

    static let bridged = Topology(name: "bridged", server: "10.1.0.3", isBridged: true)

    static let all = [
        routed, masqueraded, shorterSNAT, longerSNAT, shorterDNAT, longerDNAT, portDNAT, bothNATs,
        serverOnGateway,
        clientOnGateway, otherPort, routed6, masqueraded6,
    ]
}
