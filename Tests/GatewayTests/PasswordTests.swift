// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// Passwords pass through the daemon, and nothing of them stays there.
@Suite struct PasswordTests {
    /// Where one of `texts`, or a part of one, is in the memory of a process; a line for each place.
    private func places(of texts: [String], in process: Service, _ gateway: Gateway) async throws -> String {
        let arguments = try [String(process.identifier)] + texts
        let outcome = try await gateway.script("memory", arguments, on: .gateway)
        guard outcome.hasSucceeded else { throw HarnessError(outcome.description) }
        return outcome.output
    }

    @Test(.gateway, arguments: [Topology.routed, .shorterSNAT, .longerSNAT])
    func `no part of a password remains in memory after its connection ends`(topology: Topology) async throws
    {
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon("--log-level", "debug")
            let server = try await gateway.start(.pyftpdlib)
            let events = try await gateway.startEvents()
            _ = try await server.stop()
            let passwords = (1...8).map { _ in Self.random() }
            let argument = topology.client.replacing(".", with: ",")
            let arguments = [topology.server, topology.dialled, argument] + passwords
            try await gateway.requireScript("passwords", arguments)
            try await gateway.comesToRest()

            let seen = try await gateway.report("stats", as: StatisticsReport.self)
            try #require(seen.connections_total >= passwords.count)
            let all = daemon.text + events.text
            try #require(passwords.allSatisfy { !all.contains($0) })
            let files = try await gateway.lab.run(
                ["grep", "--recursive", "--files-with-matches", "--text"]
                    + passwords.flatMap { ["-e", $0] } + ["/run/pinhole"],
                on: .gateway
            )
            try #require(files.status == 1, "no file beside the socket has one: \(files)")
            let places = try await places(of: passwords, in: daemon, gateway)
            try #require(places.isEmpty)
        }
    }

    @Test(.gateway)
    func `the search finds the user's name of an open connection`() async throws {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.pyftpdlib)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let session = try gateway.startScript("session", [gateway.topology.dialled, "21"], as: "session")
            try await session.said("220 ")
            let name = Self.random()
            try session.say("USER \(name)")
            try await session.said("331 ")
            try await #require(!places(of: [name], in: daemon, gateway).isEmpty)
        }
    }

    /// Some 25 letters and digits.
    private static func random() -> String {
        (1...2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
    }
}
