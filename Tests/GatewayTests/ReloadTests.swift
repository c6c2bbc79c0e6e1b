// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// The configuration changes while sessions go on.
@Suite struct ReloadTests {
    /// How the reload is requested.
    enum Order: String, CaseIterable { case reload, hangup }

    @Test(.gateway, arguments: [Topology.routed, .longerSNAT], Order.allCases)
    func `a reload changes the policy of a running session, for the configured server only`(
        topology: Topology,
        order: Order
    )
        async throws
    {
        try await Gateway.with(topology) { gateway in
            try gateway.lab.write("timeout = 60\n", to: "conf")
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon("--config", "\(Lab.folder)/conf")
            let stage = try gateway.startStage()
            try await stage.logIn()
            let (sent, read) = gateway.announcements(port: 5001)
            try await stage.say(.client, sent, read: read)
            try await stage.say(.server, "200 ok\r\n")
            try await #require(gateway.expiry() <= 60)

            try gateway.lab.write("[server \(topology.server)]\ntimeout = 200\n", to: "conf")
            try await gateway.order(order, daemon, count: 1)
            let (sentNext, readNext) = gateway.announcements(port: 5002)
            try await stage.say(.client, sentNext, read: readNext)
            try await stage.say(.server, "200 ok\r\n")
            let expiry = try await gateway.expiry()
            try #require((61...200).contains(expiry))

            // A wrong configuration changes nothing.
            try gateway.lab.write("timeout = 5\nnonsense\n", to: "conf")
            try await gateway.lab.require(["kill", "-HUP", String(daemon.identifier)])
            try await daemon.said(
                "event=configuration-refused reason=\"\(Lab.folder)/conf:2: this is neither a key with a value nor a section\""
            )
            try await stage.say(.client, sent, read: read)
            try await stage.say(.server, "200 ok\r\n")
            try await #require(gateway.expiry() > 60)
        }
    }

    @Test(.gateway)
    func `only root may reload, and errors and settings that need a restart are reported`() async throws {
        try await Gateway.with(.routed) { gateway in
            let wide = "[server ::/0]\nftps-ports = 49000-50000\nftps-active = yes\n"
            try gateway.lab.write(wide, to: "conf")
            try await gateway.loadRules("--config", "\(Lab.folder)/conf")
            let daemon = try await gateway.startDaemon("--config", "\(Lab.folder)/conf")
            func warnings() -> Int { daemon.lines.count { $0.contains("level=warning event=wide-access ") } }
            try #require(warnings() == 1)
            let refused = try await gateway.pinhole(["reload"], prefix: ["setpriv", "--reuid", "4711"])
            try #require(!refused.hasSucceeded)
            for (text, said) in [
                ("loose = yes\n", ""),
                ("queues = 7,8\nuser = nobody\n", "only at the next start: queues,user\n"),
                (
                    wide,
                    "warning: [server ::/0] with ftps-active: any such host that speaks TLS reaches its clients' ports "
                        + "from 1024 on: allow it to servers that are named, or to none\n"
                ),
            ] {
                try gateway.lab.write(text, to: "conf")
                let outcome = try await gateway.pinhole("reload")
                try #require(outcome.hasSucceeded && outcome.output == said, "\(outcome)")
            }
            try #require(warnings() == 2)
            try gateway.lab.write("loose = 1\nstrict = 1\n", to: "conf")
            let outcome = try await gateway.pinhole("reload")
            try #require(!outcome.hasSucceeded)
            try #require(
                outcome.error == "pinhole: \(Lab.folder)/conf:1: "
                    + "loose: '1' is neither yes, no nor an address: "
                    + "write yes, no, or addresses with commas between them, "
                    + "and 1 more, see the log\n"
            )
        }
    }
}

extension Gateway {
    /// Tells the daemon to read its configuration again, and waits until it has, for the `count`-th time.
    fileprivate func order(_ order: ReloadTests.Order, _ daemon: Service, count: Int) async throws {
        switch order {
        case .reload:
            let outcome = try await pinhole("reload")
            try #require(outcome.hasSucceeded, "\(outcome)")
        case .hangup:
            try await lab.require(["kill", "-HUP", String(daemon.identifier)])
        }
        try await poll(for: "the configuration to be read") {
            daemon.lines.count { $0.contains("event=reloaded") } == count
        }
    }

    /// A PORT for a port of the client, as it sends it and as the server is to read it.
    fileprivate func announcements(port: Int) -> (sent: String, read: String) {
        func line(_ address: String) -> String {
            "PORT \(address.replacing(".", with: ",")),\(port / 256),\(port % 256)\r\n"
        }
        return (line(topology.client), line(topology.seen))
    }

    /// Seconds that the only expectation has left.
    fileprivate func expiry() async throws -> Double {
        let all = try await report("expectations", as: [ExpectationReport].self)
        return try #require(all.count == 1 ? all.first : nil).expires_in
    }
}
