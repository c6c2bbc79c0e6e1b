// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// What an administrator types on a gateway with sessions.
@Suite struct AdministrationTests {
    /// The output of a subcommand on a terminal.
    private func onTerminal(_ command: String, _ gateway: Gateway) async throws -> [Substring] {
        let words = [
            "script", "--quiet", "--return", "--command", "\(try Files.pinhole()) \(command)", "/dev/null",
        ]
        return try await gateway.lab.require(words, on: .gateway).split(whereSeparator: \.isNewline)
    }

    @Test(.gateway)
    func `a session is listed, found, and ended for both sides`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            try await #require(onTerminal("connections", gateway) == ["no sessions"])
            try await #require(gateway.pinhole("connections").output == "", "a pipe gets elements only")
            let session = try await gateway.logIn()
            // Rewritten, so that both sides count otherwise.
            try session.say("PORT 10,1,0,2,19,137")
            try await session.said("200 PORT")

            let table = try await onTerminal("connections", gateway)
            try #require(table.count == 2)
            #expect(
                table[0].split(separator: " ").starts(with: [
                    "CLIENT", "SERVER", "USER", "STATE", "AGE", "IDLE",
                ])
            )
            #expect(table[1].hasPrefix("10.1.0.2:") && table[1].contains(" 10.2.0.2:21 anonymous "))
            for filter in [["--client", "10.1.0.0/24"], ["--server", "10.2.0.2"], ["--user", "anonymous"]] {
                for list in ["connections", "expectations"] {
                    let outcome = try await gateway.pinhole([list] + filter, prefix: [])
                    #expect(outcome.output.split(separator: "\n").count == 1, "\(outcome)")
                }
            }
            for filter in [["--client", "10.1.0.3"], ["--server", "10.2.0.0/31"], ["--user", "anonymou"]] {
                let outcome = try await gateway.pinhole(["connections"] + filter, prefix: [])
                #expect(outcome.hasSucceeded && outcome.output == "", "\(outcome)")
            }

            let id = try #require(
                try await gateway.report("connections", as: [ConnectionReport].self).first?.id
            )
            let none = try await gateway.pinhole("disconnect", "\(id ^ 1)")
            #expect(none.error == "pinhole: there is no session \(id ^ 1): see pinhole connections\n")
            let outcome = try await gateway.pinhole("disconnect", "\(id)")
            try #require(outcome.hasSucceeded && outcome.output == "", "\(outcome)")
            try await session.said("ConnectionResetError")
            try await poll(for: "the server's end to be gone") {
                try await gateway.lab.require(["ss", "-Htn", "state", "established"], on: .server).isEmpty
            }
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway)
    func `a refusal is kept and counted in the status`() async throws {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            try await #require(onTerminal("refusals", gateway) == ["no refusals"])
            let session = try await gateway.logIn()
            try session.say("PORT 10,1,0,2,0,22")
            try await poll(for: "the refusal") { try await !gateway.pinhole("refusals").output.isEmpty }
            let line = try await gateway.pinhole("refusals").output
            #expect(
                line.firstMatch(
                    of: #/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ refused reason=privileged-port /#
                ) != nil
            )
            let table = try await onTerminal("refusals", gateway)
            #expect(table.count > 2 && table[1].contains(" privileged-port PORT 10,1,0,2,0,22"))
            #expect(table[2].hasPrefix("    the client's PORT names a port below 1024: "))

            let status = try await gateway.pinhole("status").output
            #expect(status.hasPrefix("daemon: version "))
            for part in [
                "\n  rules: ", ", port 21 to queue 21, data to queue 20, loaded before the daemon\n",
                "\n  sessions: 1, ", "\n  refused: 1\n",
            ] {
                #expect(status.contains(part), "\(status)")
            }
            #expect(status.contains(" ago, privileged-port, 10.1.0.2:"), "\(status)")
            let check = try await gateway.pinhole("check").output
            #expect(
                check.contains("refused in the last hour: 1 privileged-port: see pinhole refusals\n"),
                "\(check)"
            )
        }
    }

    @Test(.gateway)
    func `an event stream continues after a restart of the daemon`() async throws {
        try await Gateway.with(.routed) { gateway in
            let outcome = try await gateway.pinhole("events")
            #expect(outcome.status == 1 && outcome.error.hasPrefix("pinhole: no daemon answers at "))
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let events = try await gateway.startEvents()
            let status = try await daemon.stop()
            try #require(status == 0)
            try await events.said("pinhole: the daemon has ended: events go on with the next one\n")
            _ = try await gateway.startDaemon()
            try await events.said(#","event":"restarted"}"#)
            let before = try EventReport.all(of: events).count
            let failure = try await gateway.fetch(with: .curl, .pasv)
            #expect(failure == nil)
            try await poll(for: "further events") { try EventReport.all(of: events).count > before }
            #expect(events.program.isRunning)
        }
    }
}
