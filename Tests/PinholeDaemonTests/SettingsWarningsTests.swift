// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Messages
import Testing

@testable import PinholeDaemon

/// Settings that allow more than most people mean.
@Suite struct SettingsWarningsTests {
    /// The warnings about a section for a network with these settings.
    private func warnings(
        _ network: String,
        _ ports: ClosedRange<UInt16>?,
        active: Bool = false
    ) throws -> [String] {
        var settings = Settings(socketPath: "/run/pinhole/control.sock")
        var rules = Policy.Rules()
        rules.ftpsPorts = ports
        rules.allowsActiveFTPS = active
        let text = Array(network.utf8)
        let prefix = AddressPrefix(parsing: text.span)
        settings.policy.set(rules, for: try #require(prefix))
        return settings.warnings.map(\.message)
    }

    @Test func `more than half of all ports of a large network are warned of`() throws {
        let half: UInt16 = (65535 - 1024 + 1) / 2
        for network in ["10.0.0.0/15", "fd00::/47"] {
            #expect(try warnings(network, 1024...1024 + half - 1).isEmpty)
            #expect(
                try warnings(network, 1024...1024 + half)
                    == [
                        "[server \(network)] with ftps-ports 1024-\(1024 + half): clients reach nearly every port of any such host that speaks TLS"
                    ]
            )
        }
    }

    @Test func `all ports of a small network are not warned of`() throws {
        for network in ["10.0.0.0/16", "10.0.0.1", "fd00::/48", "fd00::1"] {
            #expect(try warnings(network, 1024...65535, active: true).isEmpty)
        }
    }

    @Test func `active FTPS of any server is warned of`() throws {
        #expect(
            try warnings("0.0.0.0/0", 49000...49001, active: true)
                == [
                    "[server 0.0.0.0/0] with ftps-active: any such host that speaks TLS reaches its clients' ports from 1024 on"
                ]
        )
        #expect(try warnings("::/0", 1024...65535, active: true).count == 2)
        #expect(try warnings("0.0.0.0/0", nil, active: true).isEmpty, "nothing opens at all")
    }

    @Test func `files are beside the socket by default`() {
        var settings = Settings(socketPath: "/run/pinhole/control.sock")
        #expect(settings.statePath == "/run/pinhole/control.state")
        #expect(settings.peerStatePath == "/run/pinhole/peer.state")
        settings.socketPath = "here"
        #expect(settings.statePath == "here.state" && settings.peerStatePath == "peer.state")
        settings.state = "/a"
        settings.peerState = "/b"
        #expect(settings.statePath == "/a" && settings.peerStatePath == "/b")
    }
}
