// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What becomes of sessions when Pinhole is upgraded.
@Suite struct UpgradeTests {
    @Test(.gateway)
    func `a rewritten session survives an upgrade from the previous version`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let stage = try gateway.startStage()
            try await stage.logIn()
            try await stage.announce(on: .longerSNAT)
            _ = try await daemon.stop()
            let words = ["/usr/bin/python3", "-B", try Files.script("age"), "/run/pinhole/control.state"]
            try await gateway.lab.require(words, on: .gateway)
            let next = try await gateway.startDaemon()
            try await next.said("event=restored connections=1 dropped=0")
            try await stage.say(.client, "NOOP\r\n")
            try await stage.say(.server, "200 ok\r\n")
        }
    }
}
