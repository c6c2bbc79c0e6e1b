// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// A gateway with two ways to the server, of which a mark chooses one for each control connection.
@Suite struct UplinkTests {
    @Test(.gateway, arguments: [Topology.masqueraded, .routed6])
    func `data connections use the uplink of their control connection`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            let second = try await addUplink(to: gateway)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            for mode in topology.modes {
                for (client, link) in [(topology.client, "server"), (second, "uplink")] {
                    let before = try await packets(through: gateway)
                    let name = gateway.lab.newName("got")
                    let server = topology.isIPv6 ? "[\(topology.dialled)]" : topology.dialled
                    let words = [
                        "curl", "--silent", "--show-error", "--globoff", "--interface", client, "--output",
                        "\(Lab.folder)/\(name)",
                    ]
                    let options = Client.curlOptions(for: mode).map { $0 == "-" ? client : $0 }
                    try await gateway.lab.require(
                        words + options + ["ftp://\(server)/pub/payload"],
                        on: .client
                    )
                    try #require(gateway.lab.contents(name) == gateway.payload)
                    let after = try await packets(through: gateway)
                    // The file alone takes as many acknowledgements, or packets of its own.
                    for way in ["in-server", "out-server", "in-uplink", "out-uplink"] {
                        let count = after[way, default: 0] - before[way, default: 0]
                        let isRight = way.hasSuffix(link) ? count > 10 : count == 0
                        try #require(isRight, "\(mode) by \(link): \(count) packets \(way)")
                    }
                }
            }
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway)
    func `a session that is ended by hand is reset by its own uplink`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd)
            let second = try await addUplink(to: gateway)
            try await gateway.onGateway(
                """
                iptables -I OUTPUT -o server -p tcp --tcp-flags RST RST -m comment --comment out-elsewhere
                iptables -I OUTPUT -o uplink -p tcp --tcp-flags RST RST -m comment --comment out-reset
                """
            )
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let session = try await gateway.startSteadySession(from: (address: second, port: 40112))
            try await session.perform("PORT")
            let before = try await packets(through: gateway)
            let connections = try await gateway.report("connections", as: [ConnectionReport].self)
            let id = try #require(connections.first?.id)
            _ = try await gateway.pinhole("disconnect", String(id))
            try await poll(for: "the RST") { try await packets(through: gateway)["out-reset"] == 1 }
            let after = try await packets(through: gateway)
            try #require(after["out-elsewhere"] == before["out-elsewhere"])
        }
    }

    /// Lays a second cable to the server, for control connections from a second address of the client, which it returns.
    ///
    /// A rule gives their first packet a mark; what has it goes by the second cable. Nothing but the mark is known of others.
    private func addUplink(to gateway: Gateway) async throws -> String {
        let topology = gateway.topology
        let isIPv6 = topology.isIPv6
        let (ip, tool, length) = isIPv6 ? ("ip -6", "ip6tables", 64) : ("ip", "iptables", 24)
        let client = isIPv6 ? "fd01::3" : "10.1.0.3"
        let (near, far) = isIPv6 ? ("fd04::1", "fd04::2") : ("10.4.0.1", "10.4.0.2")
        let nodad = isIPv6 ? "nodad" : ""
        try await gateway.onGateway(
            """
            ip link add uplink type veth peer name second netns /run/netns/server
            \(ip) addr add \(near)/\(length) dev uplink \(nodad)
            ip link set uplink up
            \(ip) -n server addr add \(far)/\(length) dev second \(nodad)
            ip -n server link set second up
            \(ip) -n client addr add \(client)/\(length) dev gateway \(nodad)
            \(isIPv6 ? "\(ip) -n server route add \(client) via \(near)" : "")
            \(ip) route add \(client)/\(isIPv6 ? 128 : 32) dev client table 102
            \(ip) route add default via \(far) table 102
            \(ip) rule add fwmark 0x200/0xff00 table 102
            sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.uplink.rp_filter=0 net.ipv4.conf.server.rp_filter=0
            \(tool) -t mangle -A PREROUTING -j CONNMARK --restore-mark --mask 0xff00
            \(tool) -t mangle -A PREROUTING -s \(client) -p tcp --dport 21 --syn -j MARK --set-xmark 0x200/0xff00
            \(tool) -t mangle -A PREROUTING -j CONNMARK --save-mark --mask 0xff00
            \(isIPv6 ? "" : "\(tool) -t nat -A POSTROUTING -o uplink -j MASQUERADE")
            """
        )
        for link in ["server", "uplink"] {
            try await gateway.onGateway(
                """
                \(tool) -I FORWARD -i \(link) -m comment --comment in-\(link)
                \(tool) -I FORWARD -o \(link) -m comment --comment out-\(link)
                """
            )
        }
        return client
    }

    /// How many packets each link has let through so far, in each direction.
    private func packets(through gateway: Gateway) async throws -> [String: Int] {
        let tool = gateway.topology.isIPv6 ? "ip6tables-save" : "iptables-save"
        let lines = try await gateway.lab.require([tool, "-c"], on: .gateway).split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.compactMap { line in
                guard let match = line.firstMatch(of: /^\[(\d+):.* --comment ((in|out)-\w+)/),
                    let count = Int(match.1)
                else { return nil }
                return (String(match.2), count)
            }
        )
    }
}
