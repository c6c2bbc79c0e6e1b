// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Many connections at once, and long ones.
@Suite struct CrowdTests {
    @Test(.gateway, arguments: Server.allCases)
    func `32 clients announce the same port at once behind one address`(server: Server) async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            let sources = (101...132).map { "10.1.0.\($0)" }
            for source in sources {
                try await gateway.lab.require([
                    "ip", "-n", "client", "addr", "add", "\(source)/24", "dev", "gateway",
                ])
            }
            _ = try await gateway.start(server)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()

            let outcome = try await gateway.script(
                "crowd",
                [gateway.topology.dialled, "21", Mode.port.rawValue, gateway.payloadPath] + sources,
                on: .client
            )
            try #require(outcome.output == "done 32\n", "\(outcome)")
            let related = try await gateway.related()
            try #require(related.marked >= 32 && related.unmarked == 0)
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.expectations_opened == 32)
            try #require(statistics.expectations_used == 32)
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway, arguments: [Topology.shorterSNAT, .bothNATs])
    func `a file of 200 MB is transferred in every mode, both ways`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            let large = "\(Server.root)/pub/large"
            try await gateway.lab.require(["sh", "-c", "head -c 200000000 /dev/urandom >\(large)"])
            let sum = try await gateway.sum(of: large)
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()

            for mode in topology.modes {
                let uploaded = "incoming/\(mode)"
                let site = "ftp://\(topology.dialled)"
                let choice = Client.curlOptions(for: mode)
                let download = ["curl", "--silent", "--show-error"] + choice + ["\(site)/pub/large"]
                let upload =
                    ["curl", "--silent", "--show-error"] + choice + ["-T", large, "\(site)/\(uploaded)"]
                let received = try await gateway.lab.require(
                    ["sh", "-c", "\"$@\" | sha256sum", "-"] + download,
                    on: .client,
                    seconds: 60
                )
                try #require(received.prefix(64) == sum, "downloaded with \(mode)")
                try await gateway.lab.require(upload, on: .client, seconds: 60)
                let sent = try await gateway.sum(of: "\(Server.root)/\(uploaded)")
                try #require(sent == sum, "uploaded with \(mode)")
                try await gateway.lab.require(["rm", "\(Server.root)/\(uploaded)"])
            }
            try await gateway.comesToRest()
        }
    }
}
