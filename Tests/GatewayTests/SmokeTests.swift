// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// The one thing that must work, in a few seconds; everywhere where it is a kernel that is tried.
@Suite struct SmokeTests {
    @Test(
        .gateway,
        arguments: Gateway.backend == nil ? [.masqueraded] : Topology.all + [.bridged]
    )
    func `curl fetches a file in every mode`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            for mode in topology.modes {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
            try await gateway.comesToRest()
            try #require(await daemon.stop() == 0)
        }
    }
}
