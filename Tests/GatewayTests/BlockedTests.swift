// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Data connections that pass Pinhole and that another firewall drops are reported with the reason.
@Suite struct BlockedTests {
    private static let port = 20000

    /// Lets both ends agree on a data connection, and its SYN go; returns what became of the SYN.
    private func attempt(
        isActive: Bool,
        _ gateway: Gateway,
        _ stage: Stage
    ) async throws -> String {
        let topology = gateway.topology
        try await stage.say(.client, "TYPE I\r\n")
        try await stage.say(.server, "200 ok\r\n")
        guard isActive else {
            try await stage.say(.client, "EPSV\r\n")
            try await stage.say(.server, "229 ok (|||\(Self.port)|)\r\n")
            async let outcome = gateway.probe(topology.dialled, Self.port, from: .client)
            try await stage.say(.client, "RETR file\r\n")
            return try await outcome
        }
        let family = topology.isIPv6 ? 2 : 1
        func eprt(_ address: String) -> String { "EPRT |\(family)|\(address)|\(Self.port)|\r\n" }
        try await stage.say(.client, eprt(topology.client), read: eprt(topology.seen))
        try await stage.say(.server, "200 ok\r\n")
        try await stage.say(.client, "RETR file\r\n")
        return try await gateway.probe(topology.seen, Self.port, from: .server)
    }

    /// Makes a rule at the head of the gateway's FORWARD.
    private func rule(_ words: String, on gateway: Gateway) async throws {
        let tool = gateway.topology.isIPv6 ? "ip6tables" : "iptables"
        try await gateway.lab.require(
            [tool, "-I", "FORWARD"] + words.split(separator: " ").map(String.init),
            on: .gateway
        )
    }

    private func end(_ address: String, _ port: Int) -> String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    @Test(
        .gateway,
        arguments: [Topology.routed, .bothNATs, .masqueraded6],
        [false, true]
    )
    func `a SYN that the firewall drops is reported while the client waits`(
        topology: Topology,
        isActive: Bool
    ) async throws {
        try await Gateway.withStage(topology) { gateway, stage in
            let events = try await gateway.startEvents(on: stage)
            try await rule("-p tcp -m conntrack --ctstate RELATED -j DROP", on: gateway)
            try await stage.logIn()
            try await #require(attempt(isActive: isActive, gateway, stage) == "dropped")
            try await poll(for: "it to be told", within: 10) { try !BlockedReport.all(of: events).isEmpty }
            let report = try #require(try BlockedReport.all(of: events).first)
            #expect(report.kind == (isActive ? "EPRT" : "EPSV"))
            #expect(report.opener == (isActive ? "server" : "client"))
            #expect(report.to == end(isActive ? topology.seen : topology.dialled, Self.port))
            let listener = isActive ? topology.client : topology.server
            #expect(report.translated.to == end(listener, Self.port))
            #expect(report.stage == "unanswered" && (4...8).contains(report.seconds))
            #expect(
                report.explanation.hasPrefix("nobody answers the SYN at \(listener) port \(Self.port): ")
            )

            let listed = try await gateway.pinhole("refusals", "--plain").output
            #expect(listed.contains(" blocked id=") && listed.contains("stage=unanswered"))
            let status = try await gateway.pinhole("status").output
            #expect(status.contains("  blocked: 1\n") && status.contains(" ago, blocked, "))
            let check = try await gateway.pinhole("check").output
            #expect(check.contains("warning  blocked in the last hour: 1, the last one "))
            #expect(check.contains("FORWARD: drops RELATED connections"))
            #expect(try await gateway.pinhole("metrics").output.contains("pinhole_blocked_total 1\n"))

            try await stage.say(.server, "425 no\r\n")
            try await poll(for: "the transfer's end") { try !TransferReport.all(of: events).isEmpty }
            let transfer = try #require(try TransferReport.all(of: events).first)
            #expect(transfer.data?.answer == "unanswered" && transfer.reply == "425 no")
            #expect(try BlockedReport.all(of: events).count == 1)
        }
    }

    @Test(
        .gateway,
        arguments: [
            ("iptables -t mangle -A FORWARD -p tcp --dport 20000 -j DROP", "iptables mangle FORWARD"),
            (
                """
                nft 'add table ip other
                    add map ip other ports { type inet_service : verdict; }
                    add element ip other ports { 20000 : drop }
                    add chain ip other late { type filter hook postrouting priority 0; }
                    add rule ip other late tcp dport vmap @ports'
                """, "nftables ip other late"
            ),
        ]
    )
    func `a drop outside the filter table is reported, and check names the rule`(
        script: String,
        place: String
    ) async throws {
        try await Gateway.withStage(.masqueraded) { gateway, stage in
            let events = try await gateway.startEvents(on: stage)
            try await gateway.lab.require(["sh", "-ec", script], on: .gateway)
            try await stage.logIn()
            try await #require(attempt(isActive: false, gateway, stage) == "dropped")
            try await poll(for: "it to be told", within: 10) { try !BlockedReport.all(of: events).isEmpty }
            let check = try await gateway.pinhole("check").output
            let words = "not ok   \(place): drops RELATED connections, such as to port 20000 ("
            #expect(check.contains(words), "\(check)")
        }
    }

    @Test(.gateway)
    func `a SYN that the firewall rejects is reported when the server gives up`() async throws {
        try await Gateway.withStage(.masqueraded) { gateway, stage in
            let events = try await gateway.startEvents(on: stage)
            try await rule("-p tcp -m conntrack --ctstate RELATED -j REJECT", on: gateway)
            try await stage.logIn()
            try await #require(attempt(isActive: false, gateway, stage) == "refused")
            try await stage.say(.server, "425 no\r\n")
            try await poll(for: "it to be told", within: 3) { try !BlockedReport.all(of: events).isEmpty }
        }
    }

    @Test(.gateway)
    func `a SYN-ACK that the firewall drops is reported as such`() async throws {
        try await Gateway.withStage(.bothNATs) { gateway, stage in
            let events = try await gateway.startEvents(on: stage)
            let listener = try gateway.startScript(
                "serve",
                [gateway.topology.server, String(Self.port)],
                on: .server,
                as: "listener"
            )
            try await listener.said("listening")
            try await rule("-p tcp --sport \(Self.port) --tcp-flags SYN,ACK SYN,ACK -j DROP", on: gateway)
            try await stage.logIn()
            try await #require(attempt(isActive: false, gateway, stage) == "dropped")
            try await poll(for: "it to be told", within: 10) { try !BlockedReport.all(of: events).isEmpty }
            let report = try #require(try BlockedReport.all(of: events).first)
            #expect(report.stage == "half-open")
            let words =
                "\(gateway.topology.server) port \(Self.port) answers, but \(gateway.topology.client) "
            #expect(report.explanation.hasPrefix(words))
        }
    }

    @Test(.gateway, arguments: [Topology.masqueraded, .routed6])
    func `a closed port is not reported as blocked, and the transfer shows it`(topology: Topology)
        async throws
    {
        try await Gateway.withStage(topology) { gateway, stage in
            let events = try await gateway.startEvents(on: stage)
            try await stage.logIn()
            try await #require(attempt(isActive: false, gateway, stage) == "refused")
            try await stage.say(.server, "425 no\r\n")
            try await poll(for: "the transfer's end") { try !TransferReport.all(of: events).isEmpty }
            #expect(try TransferReport.all(of: events).first?.data?.answer == "refused")
            #expect(try BlockedReport.all(of: events).isEmpty)
            #expect(try await gateway.pinhole("metrics").output.contains("pinhole_blocked_total 0\n"))
        }
    }

    @Test(.gateway)
    func `an announcement without a SYN is reported with where to look`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            try await gateway.loadRules()
            _ = try await gateway.startDaemon("--timeout", "2")
            let stage = try gateway.startStage()
            let events = try await gateway.startEvents(on: stage)
            try await stage.logIn()
            try await stage.say(.client, "EPSV\r\n")
            try await stage.say(.server, "229 ok (|||\(Self.port)|)\r\n")
            let words = "no SYN came from the client \(gateway.topology.client) to"
            try await events.said(#""explanation":"\#(words)"#, within: 10)
        }
    }

    @Test(.gateway)
    func `a dropped data connection of an encrypted session is reported once`() async throws {
        try await Gateway.with(.bothNATs) { gateway in
            let options = ["--ftps", "\(gateway.topology.server)=49000-50000"]
            try await gateway.loadRules(options)
            _ = try await gateway.startDaemon(options)
            let stage = try gateway.startStage()
            let events = try await gateway.startEvents(on: stage)
            try await rule("-p tcp -m conntrack --ctstate RELATED -j DROP", on: gateway)
            try await stage.speakTLS()
            try await #require(gateway.probe(gateway.topology.dialled, 49100, from: .client) == "dropped")
            try await poll(for: "it to be told", within: 40) { try !BlockedReport.all(of: events).isEmpty }
            let report = try #require(try BlockedReport.all(of: events).first)
            #expect(report.kind == "FTPS" && report.opener == "client")
            #expect(report.translated.to == "\(gateway.topology.server):49100")
        }
    }

    @Test(.gateway, arguments: [Topology.routed, .masqueraded, .masqueraded6])
    func `a long transfer does not lose its control connection`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd, configuration: "anon_max_rate=12000\n")
            let seconds = 6
            let timeout = "net.netfilter.nf_conntrack_tcp_timeout_established=\(seconds)"
            try await gateway.lab.require(["sysctl", "-qw", timeout], on: .gateway)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let events = try await gateway.startEvents()
            for mode in [Mode.epsv, .eprt] {
                let failure = try await gateway.fetch(with: .curl, mode, seconds: 60)
                try #require(failure == nil, "\(mode)")
            }
            try await poll(for: "both ends") { try TransferReport.all(of: events).count == 2 }
            for transfer in try TransferReport.all(of: events) {
                #expect(transfer.reply.hasPrefix("226 "))
                #expect(transfer.seconds > Double(2 * seconds))
            }
        }
    }
}
