// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Routes of honest networks, with which no packet counts as forged.
@Suite struct RoutingTests {
    /// All modes, with a real client; no packet may have been taken for a forged one.
    private func expectFiles(in gateway: Gateway, _ what: String) async throws {
        for mode in gateway.topology.modes {
            let failure = try await gateway.fetch(with: .curl, mode)
            try #require(failure == nil, "\(mode), \(what)")
        }
        let statistics: StatisticsReport = try await gateway.report("stats")
        try #require(statistics.refused["forged"] == 0, "\(what)")
    }

    @Test(.gateway)
    func `transfers work with any reverse path filter of the kernel`() async throws {
        try await Gateway.withPinhole(.bothNATs) { gateway in
            _ = try await gateway.start(.vsftpd)
            for filter in 0...2 {
                try await gateway.filterReversePaths(filter)
                try await expectFiles(in: gateway, "rp_filter=\(filter)")
            }
        }
    }

    @Test(.gateway, arguments: [Topology.routed, .routed6])
    func `transfers work with asymmetric routes over two uplinks`(
        topology: Topology
    ) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            let isIPv6 = topology.isIPv6
            let ip = isIPv6 ? "ip -6" : "ip"
            let (near, far) = isIPv6 ? ("fd04::1", "fd04::2") : ("10.4.0.1", "10.4.0.2")
            let (clients, length) = isIPv6 ? ("fd01::/64", "64 nodad") : ("10.1.0.0/24", "24")
            try await gateway.onGateway(
                """
                ip link add uplink type veth peer name second netns /run/netns/server
                ip addr add \(near)/\(length) dev uplink
                ip link set uplink up
                ip -n server addr add \(far)/\(length) dev second
                ip -n server link set second up
                \(ip) -n server route replace \(clients) via \(near) dev second
                ip netns exec server sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gateway.rp_filter=0
                """
            )
            // The strict filter, 1, is there to forbid just this.
            for filter in [0, 2] {
                try await gateway.filterReversePaths(filter)
                try await gateway.onGateway("sysctl -qw net.ipv4.conf.uplink.rp_filter=\(filter)")
                try await expectFiles(in: gateway, "rp_filter=\(filter)")
            }
            let counter = "/sys/class/net/uplink/statistics/rx_packets"
            let count = try await gateway.lab.require(["cat", counter], on: .gateway).dropLast()
            try #require(Int(count) ?? 0 > 40, "\(count)")
        }
    }

    /// The client knows the server of its own network by the gateway's public address.
    @Test(.gateway)
    func `transfers work over a hairpin, in and out of the same interface`() async throws {
        let topology = Topology(
            name: "hairpin",
            server: "10.1.0.3",
            clientSeenAs: "10.1.0.1",
            isMasqueraded: true,
            serverKnownAs: "10.1.0.200",
            isBridged: true
        )
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.onGateway(
                """
                ip addr add 10.1.0.1/24 dev bridge
                iptables -t nat -A POSTROUTING -o bridge -d \(topology.server) -j MASQUERADE
                """
            )
            // The bridge is the gateway's switch; it may be a firewall besides.
            for isFirewall in [0, 1] {
                try await gateway.onGateway("sysctl -qw net.bridge.bridge-nf-call-iptables=\(isFirewall)")
                try await expectFiles(in: gateway, "bridge-nf-call-iptables=\(isFirewall)")
            }
            let seen = Server.vsftpd.clients(in: gateway.lab)
            try #require(seen == [topology.seen], "\(seen)")
        }
    }

    /// The server is on the gateway: such addresses go no further.
    @Test(.gateway)
    func `transfers work between IPv6 neighbours with link-local addresses`() async throws {
        var topology = Topology.routed6
        topology.serverHost = .gateway
        // Any: vsftpd cannot read `::`.
        topology.server = "0:0:0:0:0:0:0:0"
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.lab.require([
                "ip", "-n", "client", "addr", "del", "fd01::2/64", "dev", "gateway",
            ])
            let (client, server) = try await (
                gateway.linkLocalAddress(of: "gateway", on: .client),
                gateway.linkLocalAddress(of: "client", on: .gateway)
            )
            let name = gateway.lab.newName("got")
            let words = [
                "curl", "--silent", "--show-error", "--globoff", "--output", "\(Lab.folder)/\(name)",
            ]
            let site = "ftp://[\(server)%25gateway]/pub/payload"
            try await gateway.lab.require(words + ["--max-time", "20", site], on: .client)
            try #require(gateway.lab.contents(name) == gateway.payload)

            // No client at hand announces such an address.
            let listener = try gateway.startScript("listen", ["::", "5001"], as: "listener")
            try await listener.said("listening")
            let session = try gateway.startScript("session", ["\(server)%gateway", "21"], as: "session")
            for (line, reply) in [
                ("USER anonymous", "331 "), ("PASS guest", "230 "), ("EPRT |2|\(client)|5001|", "200 "),
                ("LIST", "150 "),
            ] {
                try session.say(line)
                try await session.said(reply)
            }
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.refused["forged"] == 0 && statistics.expectations_used == 2)
        }
    }

    /// A client that does not wait for the greeting, and a server that accepts data in the SYN.
    @Test(.gateway, arguments: [Topology.longerSNAT, .routed6])
    func `a session that begins with TCP fast open continues without it`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            // Clients may ask for it; every listener grants it, and wants no cookie.
            for (host, value) in [(Host.client, 0x001), (.server, 0x602)] {
                try await gateway.lab.require(["sysctl", "-qw", "net.ipv4.tcp_fastopen=\(value)"], on: host)
            }
            _ = try await gateway.start(.vsftpd)
            let bare = try await gateway.openFast([])
            try #require(bare == 1)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let helped = try await gateway.openFast(topology.modes)
            try #require(helped == bare)
            try await gateway.comesToRest()
        }
    }
}

extension Gateway {
    /// The address that an interface has of itself.
    fileprivate func linkLocalAddress(of interface: String, on host: Host) async throws -> Substring {
        let text = try await lab.require(["ip", "-6", "addr", "show", interface], on: host)
        return try #require(text.firstMatch(of: /inet6 (fe80::[0-9a-f:]+)\//)).1
    }

    /// Makes a transfer with each mode in a session that begins with TCP fast open, and returns how many SYNs with data the
    /// server has taken so far.
    fileprivate func openFast(_ modes: [Mode]) async throws -> Int {
        let arguments = [topology.dialled, modes.map(\.rawValue).joined(separator: ","), payloadPath]
        let outcome = try await script("fastopen", arguments, on: .client)
        try #require(outcome.output == "done\n", "\(outcome)")
        let text = try await lab.require(["cat", "/proc/net/netstat"], on: .server)
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("TcpExt:") }.map {
            $0.split(separator: " ")
        }
        try #require(lines.count == 2)
        let index = try #require(lines[0].firstIndex(of: "TCPFastOpenPassive"))
        return try #require(Int(lines[1][index]))
    }
}
