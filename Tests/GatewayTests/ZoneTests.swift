// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Gateways that keep some of their connections in conntrack zones of their own.
@Suite struct ZoneTests {
    /// Where the control connections are.
    struct Zoning: CustomTestStringConvertible {
        let topology: Topology
        /// The options of `-j CT` for packets from the client and from the server.
        let client: String
        let server: String?

        var testDescription: String { "\(topology.name), \(client)" }

        static let all = [
            Zoning(topology: .longerSNAT, client: "--zone 5", server: "--zone 5"),
            Zoning(topology: .longerSNAT, client: "--zone-orig 5", server: nil),
            Zoning(topology: .bothNATs, client: "--zone-reply 5", server: "--zone 5"),
            Zoning(topology: .routed6, client: "--zone 5", server: "--zone 5"),
        ]
    }

    @Test(.gateway, arguments: Zoning.all)
    func `transfers work in every mode in a conntrack zone`(zoning: Zoning) async throws {
        try await Gateway.with(zoning.topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            let tool = zoning.topology.isIPv6 ? "ip6tables" : "iptables"
            for (link, option) in [("client", zoning.client), ("server", zoning.server)] {
                guard let option else { continue }
                let rule = "\(tool) -t raw -A PREROUTING -i \(link) -j CT \(option)"
                try await gateway.onGateway(rule)
            }
            try await gateway.onGateway("sysctl -qw net.netfilter.nf_conntrack_acct=1")
            try await gateway.loadRules()
            let first = try await gateway.startDaemon()
            let events = try await gateway.startEvents()
            for mode in zoning.topology.modes {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
            try await poll(for: "the bytes of each transfer") {
                // More, where something was sent twice.
                try TransferReport.all(of: events).count { ($0.bytes?.down ?? 0) >= gateway.payload.count }
                    == zoning.topology.modes.count
            }

            // The next daemon knows the zone, too.
            let session = try await gateway.startSteadySession()
            let modes = zoning.topology.modes.map(\.rawValue)
            try await session.perform(modes)
            try #require(await first.stop() == 0)
            _ = try await gateway.startDaemon()
            let restored = try await gateway.report("connections", as: [ConnectionReport].self)
            try #require(restored.count == 1)
            try await session.perform(modes)
            try await session.quit()
            try await gateway.comesToRest()
        }
    }

    /// Two customers with the same addresses, each in a zone of its own, who share one server and one address of the gateway.
    @Test(.gateway)
    func `customers with the same addresses and ports are kept apart`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd)
            let client = gateway.topology.client
            try await gateway.lab.require(
                ["ip", "addr", "add", "\(client)/32", "dev", "gateway"],
                on: .stranger
            )
            try await gateway.onGateway(
                """
                ip route add \(client) dev stranger table 106
                ip rule add fwmark 0x600/0xff00 table 106
                sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.stranger.rp_filter=0
                iptables -t raw -A PREROUTING -i client -j CT --zone-orig 5
                iptables -t raw -A PREROUTING -i stranger -j CT --zone-orig 6
                iptables -t mangle -A PREROUTING -i stranger -j CONNMARK --set-xmark 0x600/0xff00
                iptables -t mangle -A PREROUTING -i server -j CONNMARK --restore-mark --mask 0xff00
                """
            )
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()

            let source = (address: client, port: 40112)
            let one = try await gateway.startSteadySession(from: source)
            let other = try await gateway.startSteadySession(on: .stranger, from: source)
            for _ in 0..<2 {
                for session in [one, other] { try await session.perform("PORT", "EPSV", "EPRT", "PASV") }
            }
            let connections = try await gateway.report("connections", as: [ConnectionReport].self)
            try #require(connections.count == 2)
            try await one.quit()
            try await other.perform("PORT", "PASV")
            try await other.quit()

            // A pinhole of one customer is not open to the other.
            let session = try await gateway.logIn()
            for (host, result) in [(Host.stranger, "dropped"), (.client, "connected")] {
                try session.say("EPSV")
                try await poll(for: "an expectation") {
                    try await gateway.report("expectations", as: [ExpectationReport].self).count == 1
                }
                let port = try session.extendedPort()
                let probed = try await gateway.probe(
                    gateway.topology.server,
                    port,
                    from: host,
                    source: client
                )
                try #require(probed == result, "\(host)")
                try await poll(for: "the SYN to be taken") {
                    try await gateway.report("expectations", as: [ExpectationReport].self).isEmpty
                }
            }
            _ = try await session.finish()
            try await gateway.comesToRest()
        }
    }
}

extension Gateway {
    /// Lets the gateway perform the lines of a script, all of which have to succeed.
    func onGateway(_ script: String) async throws {
        try await lab.require(["sh", "-ec", script], on: .gateway)
    }
}
