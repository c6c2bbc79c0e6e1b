// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// A kernel that cannot take any more: packets go on, and what failed is counted and logged, within bounds.
@Suite struct ExhaustionTests {
    @Test(.gateway)
    func `a full set loses the pinhole, never the control connection`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            let small = ["pinhole4", "hash:ip,port,ip", "family", "inet", "timeout", "300", "maxelem", "1"]
            try await gateway.lab.require(["ipset", "create"] + small, on: .gateway)
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let session = try await gateway.logIn()
            let member = "192.0.2.1,tcp:5001,192.0.2.2"
            try await gateway.lab.require(["ipset", "add", "pinhole4", member], on: .gateway)

            for count in 1...30 {
                try session.say("PORT 10,1,0,2,\(100 + count),1")
                try await poll(for: "reply \(count)") {
                    session.lines.count { $0.hasPrefix("200 PORT") } == count
                }
            }

            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.errors["open-pinhole"] == 30)
            let expectations: [ExpectationReport] = try await gateway.report("expectations")
            try #require(expectations.isEmpty)
            let lines = daemon.lines.count { $0.contains("open-pinhole") }
            try #require((1...10).contains(lines), "\(lines) lines in the log")

            try await gateway.lab.require(["ipset", "flush", "pinhole4"], on: .gateway)
            let failure = try await gateway.fetch(with: .curl, .port)
            try #require(failure == nil)
        }
    }

    @Test(.gateway)
    func `a full conntrack table loses the data connection, never the control connection`() async throws {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let session = try await gateway.logIn()

            let filling = try await gateway.script("fill", [], on: .gateway)
            try #require(filling.hasSucceeded, "\(filling)")
            try session.say("EPSV")
            try await session.said("229 ")
            let port = try session.extendedPort()
            try await #require(gateway.probe(gateway.topology.server, port, from: .client) == "dropped")
            try session.say("NOOP")
            try await session.said("200 NOOP ok.")

            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.errors["create-connection", default: 0] > 0)
            try #require(daemon.text.contains("create-connection"))

            try await gateway.lab.require(["conntrack", "-F"], on: .gateway)
            let failure = try await gateway.fetch(with: .curl, .port)
            try #require(failure == nil)
        }
    }
}
