// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Events that change the kernel's tables during sessions: packets go on, and lost state is restored.
@Suite struct KernelEventTests {
    /// What befalls the gateway.
    enum Mishap: String, CaseIterable, CustomTestStringConvertible {
        case conntrackFlushed = "conntrack is flushed"
        case linkDown = "the link to the server is down for a moment"
        case rulesFlushed = "the rules are flushed, and loaded again"
        case daemonSuspended = "the daemon is suspended"

        var testDescription: String { rawValue }
    }

    @Test(
        .gateway,
        arguments: [Topology.routed, .masqueraded, .shorterSNAT, .longerSNAT, .bothNATs],
        Mishap.allCases
    )
    func `sessions survive what happens to the kernel's tables`(topology: Topology, mishap: Mishap)
        async throws
    {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let edited = try await gateway.startSteadySession()
            let fresh = try await gateway.startSteadySession()
            try await edited.perform("PORT", "PASV")

            switch mishap {
            case .conntrackFlushed:
                try await gateway.lab.require(["conntrack", "-F"], on: .gateway)
            case .linkDown:
                try await gateway.lab.require(["ip", "link", "set", "server", "down"], on: .gateway)
                try await gateway.lab.require(["ip", "link", "set", "server", "up"], on: .gateway)
            case .rulesFlushed:
                let unloading = try await gateway.pinhole("rules", "unload")
                try #require(unloading.hasSucceeded, "\(unloading)")
                try await fresh.perform("NOOP", "NOOP")
                try await gateway.loadRules()
            case .daemonSuspended:
                try await daemon.pause(seconds: 1)
            }
            for session in [edited, fresh] {
                // A line that is longer than what edits have added before it: of a shorter one nothing would be new.
                try await session.perform("SIZE pub/payload", "PORT", "EPSV", "EPRT", "PASV")
                try await session.quit()
            }
        }
    }
}
