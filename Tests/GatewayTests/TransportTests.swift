// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What TCP does besides carrying bytes, on a connection with edits.
@Suite struct TransportTests {
    @Test(.gateway, arguments: [Topology.routed, .shorterSNAT, .longerSNAT])
    func `urgent data stays urgent in edited and in other segments`(topology: Topology) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            let (sent, read) = topology.portArguments
            try await gateway.requireScript("urgent", [topology.server, topology.dialled, sent, read])
        }
    }

    @Test(.gateway, arguments: [Topology.shorterSNAT, .longerSNAT])
    func `ABOR as urgent data ends a transfer and not the session`(topology: Topology) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.pyftpdlib)
            let large = "\(Server.root)/pub/large"
            try await gateway.lab.require(["truncate", "-s", "1G", large])
            let arguments = [topology.dialled, gateway.payloadPath]
            let outcome = try await gateway.script("abort", arguments, on: .client)
            try #require(outcome.output == "done\n", "\(outcome)")
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway, arguments: [Topology.routed, .bothNATs])
    func `an idle connection answers keep-alive probes after an edit and during one`(topology: Topology)
        async throws
    {
        try await Gateway.withPinhole(topology) { gateway in
            let (sent, read) = topology.portArguments
            let passive = topology.passiveNumbers
            try await gateway.requireScript(
                "keepalive",
                [topology.server, topology.dialled, sent, read, passive.sent, passive.read]
            )
        }
    }
}
