// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import PinholeDaemon
import Testing

@testable import Inspection

/// What `pinhole check` says of a pair of gateways.
struct PairFindingsTests {
    private let now = Instant(nanoseconds: 10_000_000_000)

    private func peer(_ change: (inout PeerStatus) -> Void = { _ in }) -> PeerStatus {
        var peer = PeerStatus()
        (peer.local, peer.peer, peer.port) = ("192.168.100.1", "192.168.100.2", 3784)
        peer.isConnected = true
        peer.written = now.nanoseconds
        change(&peer)
        return peer
    }

    private func lines(_ peer: PeerStatus) -> [String] {
        Inspection.findings(about: peer, recordsAt: "/run/pinhole/peer.state").map(\.description)
    }

    @Test func `a standby whose daemon does not run has nothing to fix`() {
        let standby = peer { ($0.hasPeerDaemon, $0.records) = (true, 12) }
        #expect(GatewayRole(isPaired: true, standby, at: now) == .standby)
        #expect(
            lines(standby) == [
                "ok       pair: 192.168.100.2 is reached, lag 0 ms",
                "ok       pair: this gateway stands by, 12 sessions of the other one on record",
            ]
        )
        let service = ServiceState(
            parsing: "LoadState=loaded\nUnitFileState=disabled\nActiveState=inactive\n"
        )
        #expect(service?.findings(in: .standby).allSatisfy { $0.grade == .fine } == true)
    }

    @Test func `an active gateway is told if the other one does not follow it, and why`() {
        let active = peer { $0.hasDaemon = true }
        #expect(GatewayRole(isPaired: true, active, at: now) == .active)
        #expect(
            lines(active).last?.hasPrefix("not ok   pair: 192.168.100.2 does not follow this gateway, its")
                == true
        )
        let refusing = peer { ($0.hasDaemon, $0.followerProblem) = (true, "it speaks protocol 2") }
        #expect(lines(refusing).last?.contains("this gateway (it speaks protocol 2), its") == true)
        let followed = peer { ($0.hasDaemon, $0.isFollowed) = (true, true) }
        #expect(lines(followed).last == "ok       pair: 192.168.100.2 follows this gateway")
    }

    @Test(arguments: [
        (PeerStatus.Trouble.peer, "Connection refused", "start pinhole sync there"),
        (.version, "192.168.100.2 is of another version", "upgrade the older one"),
        (.file, "No space left on device", "see whether there is room for /run/pinhole/peer.state"),
    ])
    func `each kind of trouble has a hint of its own`(
        _ trouble: PeerStatus.Trouble,
        _ problem: String,
        _ hint: String
    ) throws {
        let lost = peer { ($0.isConnected, $0.trouble, $0.problem) = (false, trouble, problem) }
        let line = try #require(lines(lost).first)
        #expect(line.hasPrefix("not ok") && line.contains(problem) && line.contains(hint))
    }

    @Test(arguments: [(true, true, "both gateways"), (false, false, "neither gateway")])
    func `a pair with two daemons or with none is wrong`(_ own: Bool, _ other: Bool, _ text: String) {
        let pair = peer { ($0.hasDaemon, $0.hasPeerDaemon, $0.isFollowed) = (own, other, true) }
        #expect(lines(pair).contains { $0.hasPrefix("not ok   pair: the daemon runs on \(text)") })
    }

    @Test func `in a pair the service is started by keepalived, so it must not start at boot`() {
        let enabled = ServiceState(parsing: "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\n")
        #expect(
            enabled?.findings(in: .active).first?.description
                == "warning  service: starts at boot, so it may run on both gateways of the pair: "
                + "systemctl disable pinhole, and let keepalived start it"
        )
        #expect(enabled?.findings(in: .single).first?.grade == .fine)
    }

    @Test func `a gateway is a single one unless another one is configured`() {
        #expect(GatewayRole(isPaired: false, peer { $0.hasPeerDaemon = true }, at: now) == .single)
        #expect(GatewayRole(isPaired: true, nil, at: now) == .active)
        let stale = peer { ($0.hasPeerDaemon, $0.written) = (true, 1) }
        #expect(GatewayRole(isPaired: true, stale, at: now) == .active)
    }

    @Test func `a guard that does not run is named, and so is a sync that does not write`() {
        let failed = ServiceState(parsing: "LoadState=loaded\nUnitFileState=static\nActiveState=failed\n")
        #expect(failed?.guardFinding.grade == .warning)
        #expect(failed?.syncFinding("/run/x").hint == "journalctl -u pinhole-sync says why")
        let active = ServiceState(parsing: "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\n")
        #expect(active?.guardFinding.grade == .fine)
        #expect(active?.syncFinding("/run/x").subject == "pair: pinhole sync does not write /run/x")
        let inactive = ServiceState(
            parsing: "LoadState=loaded\nUnitFileState=disabled\nActiveState=inactive\n"
        )
        #expect(inactive?.syncFinding("/run/x").hint == "systemctl enable --now pinhole-sync")
    }
}
