import Foundation
import Testing

/// The daemon ends, by a signal or at any moment, and another takes its place: nothing is lost.
@Suite struct DeathTests {
    /// How often it is killed: `PINHOLE_KILLS` for more.
    private static var kills: Int {
        ProcessInfo.processInfo.environment["PINHOLE_KILLS"].flatMap { Int($0) } ?? 5
    }

    @Test(.timeLimit(.minutes(10)), arguments: [Topology.longerSNAT, .bothNATs])
    func `100 sessions go on however often the daemon is killed`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd, patience: 60)
            try await gateway.loadRules()
            var daemon = try await gateway.startDaemon()
            let modes = topology.modes.map(\.rawValue).joined(separator: ",")
            let sessions = try gateway.startScript(
                "persist",
                [topology.dialled, "21", modes, "100", gateway.payloadPath],
                as: "sessions"
            )
            try await sessions.said("logged in", within: 60)
            for _ in 0..<DeathTests.kills {
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...500)))
                _ = try await daemon.stop("KILL")
                daemon = try await gateway.startDaemon()
                try await daemon.said("event=restored connections=100 dropped=0")
            }
            let status = try await sessions.finish()
            try #require(status == 0, "\(sessions.text)")
            try await gateway.comesToRest()
        }
    }
}
