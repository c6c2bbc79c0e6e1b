// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// A firewall without addresses, whose bridge shows its packets to the rules (`br_netfilter`).
@Suite struct BridgeTests {
    @Test(.gateway)
    func `transfers work over a bridge in every mode, and nothing else passes`() async throws {
        try await Gateway.with(.bridged) { gateway in
            _ = try await gateway.start(.vsftpd)
            let refused = try await gateway.fetch(with: .curl, .pasv, seconds: 4)
            try #require(refused != nil, "without Pinhole")
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            for mode in Mode.allCases {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
            try await gateway.comesToRest()
            let session = try await gateway.logIn()
            try session.say("EPSV")
            try await session.said("229 ")
            let port = try session.extendedPort()
            try await #require(gateway.probe(gateway.topology.server, port, from: .stranger) == "dropped")
            try await #require(gateway.probe(gateway.topology.server, port, from: .client) == "connected")
        }
    }
}
