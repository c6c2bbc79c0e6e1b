// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What `pinhole trace` says of sessions through a gateway, step by step, and its diagnosis.
@Suite struct TraceTests {
    /// Starts a trace, and waits until the daemon tells it of sessions.
    private func start(_ target: String, _ gateway: Gateway) async throws -> Service {
        let words = [try Files.pinhole(), "trace", target]
        let trace = try gateway.lab.start(words, as: gateway.lab.newName("trace"), on: .gateway)
        try await trace.said("until its sessions end")
        // The request follows at once.
        try await poll(for: "the daemon to know of it") {
            try await gateway.lab.require(["ss", "-Hx", "state", "connected"], on: .gateway)
                .contains("/run/pinhole/control.sock")
        }
        return trace
    }

    /// The lines without their times, which have to contain these in this order.
    private func expect(_ parts: [String], in trace: Service) throws {
        var lines = trace.lines[...]
        for part in parts {
            let place = try #require(
                lines.firstIndex { $0.contains(part) },
                "\"\(part)\" is not in:\n\(trace.text)"
            )
            lines = lines[(place + 1)...]
        }
    }

    @Test(
        .gateway,
        arguments: [Topology.routed, .bothNATs, .masqueraded6],
        [Mode.eprt, .epsv]
    )
    func `a trace shows a transfer from the SYN to the reply and ends with the session`(
        topology: Topology,
        mode: Mode
    ) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd, configuration: "anon_max_rate=100000\n")
            try await gateway.lab.require(
                ["sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1"],
                on: .gateway
            )
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let trace = try await start(topology.client, gateway)
            let failure = try await gateway.fetch(with: .curl, mode)
            try #require(failure == nil)
            #expect(await trace.program.end() == 0)
            let steps =
                [
                    "rules: control connections to port 21 are read", "control connection ",
                    "packets of the server come in by server", "server: 220 ",
                    "packets of the client come in by client", "client: USER anonymous", "client: PASS",
                    "login accepted", "client: \(mode.rawValue)",
                    "is expected and let through", "it passes Pinhole, RELATED to the control connection",
                ]
            try expect(steps, in: trace)
            try expect(
                [
                    "is established", "first data: ", "server: 226 ", "transfer over: RETR /pub/payload, ",
                    "control connection ended", "diagnosis: 1 transfer complete",
                ],
                in: trace
            )
            #expect(!trace.text.contains("ftp@"), "a password is never told")
            if topology.serverKnownAs != nil { try expect(["NAT: the server is 10.2.0.2:21"], in: trace) }
        }
    }

    @Test(.gateway, arguments: [Topology.bothNATs, .routed6])
    func `a trace names the rule that drops the data connection`(topology: Topology) async throws {
        try await Gateway.withStage(topology) { gateway, stage in
            let tool = topology.isIPv6 ? "ip6tables" : "iptables"
            let words = "-I FORWARD -p tcp -m conntrack --ctstate RELATED -j DROP"
            try await gateway.lab.require([tool] + words.split(separator: " ").map(String.init), on: .gateway)
            let trace = try await start(topology.server, gateway)
            try await stage.logIn()
            try await stage.say(.client, "EPSV\r\n")
            try await stage.say(.server, "229 ok (|||20000|)\r\n")
            _ = try await gateway.probe(topology.dialled, 20000, from: .client)
            try await trace.said("BLOCKED, ")
            #expect(await trace.stopped() == 0)
            try expect(
                [
                    "it passes Pinhole", "BLOCKED, this gateway drops the SYN to ",
                    "diagnosis: this gateway drops the SYN to ",
                ],
                in: trace
            )
            #expect(
                trace.text.contains("\(tool) FORWARD (FORWARD -p tcp -m conntrack --ctstate RELATED -j DROP)")
            )
        }
    }

    @Test(.gateway)
    func `a trace explains an unconfigured encrypted session, a refused line, and the absence of a session`()
        async throws
    {
        try await Gateway.withStage(.masqueraded) { gateway, stage in
            let encrypted = try await start(gateway.topology.client, gateway)
            try await stage.speakTLS("tls")
            try await stage.say(.server, Stage.data, on: "tls")
            try await encrypted.said("NOTHING OPENS, ftps-unconfigured: ")
            try await stage.close(.client, on: "tls")
            try await stage.close(.server, on: "tls")
            #expect(await encrypted.program.end() == 0)
            try expect(
                [
                    "the session continues in TLS", "NOTHING OPENS, ftps-unconfigured: ",
                    "control connection ended", "diagnosis: nothing was opened, ftps-unconfigured: ",
                ],
                in: encrypted
            )

            let refused = try await start("10.0.0.0/8", gateway)
            try await stage.logIn()
            try await stage.say(.client, "PORT 10,1,0,2,0,22\r\n")
            try await refused.said("REFUSED, privileged-port: ")
            #expect(await refused.stopped() == 0)
            try expect(["diagnosis: nothing was opened, privileged-port: "], in: refused)

            let elsewhere = try await start("10.7.7.7:21", gateway)
            try await stage.say(.client, "NOOP\r\n")
            #expect(await elsewhere.stopped() == 0)
            #expect(!elsewhere.text.contains("NOOP"))
            try expect(["diagnosis: no control connection was seen"], in: elsewhere)
        }
    }

    @Test(.gateway)
    func `a trace shows an existing session and an announcement that no SYN follows`() async throws {
        try await Gateway.withStage(.masqueraded) { gateway, stage in
            try await stage.logIn()
            let trace = try await start(gateway.topology.client, gateway)
            try expect(["existing session: \(gateway.topology.client):"], in: trace)
            try await stage.say(.client, "EPSV\r\n")
            try await stage.say(.server, "229 ok (|||20000|)\r\n")
            try await trace.said("is expected and let through")
            #expect(await trace.stopped() == 0)
            try expect(["diagnosis: the data connection was announced, but no SYN came from "], in: trace)
        }
    }
}

extension Service {
    /// Interrupts it as a person does, and returns its exit status.
    fileprivate func stopped() async -> Int32? { try? await stop("INT") }
}
