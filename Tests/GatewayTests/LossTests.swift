// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// A network that loses packets: what was edited is sent again, and has to become the same.
@Suite struct LossTests {
    @Test(.gateway, arguments: [Topology.shorterSNAT, .longerSNAT, .bothNATs, .masqueraded6])
    func `edits survive packet loss on either side`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.pyftpdlib)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let tool = topology.isIPv6 ? "ip6tables" : "iptables"
            for (host, side) in [(topology.clientHost, "--sport"), (topology.serverHost, "--dport")] {
                try await gateway.lab.require(
                    [tool, "-A", "INPUT", "-p", "tcp", side, "21", "-m", "statistic", "--mode", "nth"]
                        + ["--every", "5", "--packet", "4", "-j", "DROP"],
                    on: host
                )
            }
            let (active, passive) = topology.isIPv6 ? ("EPRT", "EPSV") : ("PORT", "PASV")
            let session = try gateway.startScript(
                "alternate",
                [topology.dialled, "21", active, passive, "10", gateway.payloadPath],
                as: "alternate"
            )
            try session.say("go")
            try await session.said("done 10", within: 60)
            try await gateway.comesToRest()
        }
    }
}
