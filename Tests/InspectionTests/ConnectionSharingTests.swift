// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon
import Testing

@testable import Inspection

/// What `conntrackd -s` says.
struct ConnectionSharingTests {
    private static func statistics(own: Int, peer: Int) -> String {
        """
        cache internal:
        current active connections:\t           \(own)
        connections created:\t\t          16\tfailed:\t           0

        cache external:
        current active connections:\t           \(peer)
        connections created:\t\t           0\tfailed:\t           0

        traffic processed:
                           0 Bytes                         0 Pckts

        """
    }

    private func standby(records: UInt64) -> PeerStatus {
        var peer = PeerStatus()
        (peer.peer, peer.isConnected, peer.hasPeerDaemon) = ("192.168.100.2", true, true)
        peer.records = records
        return peer
    }

    @Test func `the connections of each gateway are read from the two caches`() {
        let sharing = ConnectionSharing(parsing: Self.statistics(own: 3, peer: 5))
        #expect(sharing.ownCount == 3 && sharing.peerCount == 5)
        #expect(
            sharing.finding(standby(records: 1)).description
                == "ok       pair: conntrackd runs, 3 connections of this gateway, 5 connections of the other one"
        )
    }

    @Test func `a standby without connections for the sessions on record is wrong`() {
        let empty = ConnectionSharing(parsing: Self.statistics(own: 0, peer: 0))
        #expect(empty.finding(standby(records: 2)).grade == .failed)
        #expect(empty.finding(standby(records: 0)).grade == .fine)
    }

    @Test func `an active gateway needs no connections of the other one`() {
        var active = standby(records: 2)
        (active.hasDaemon, active.hasPeerDaemon) = (true, false)
        #expect(ConnectionSharing(parsing: Self.statistics(own: 9, peer: 0)).finding(active).grade == .fine)
    }

    @Test func `other words than these say nothing`() {
        let sharing = ConnectionSharing(parsing: "current active connections: 7\ncache internal:\n")
        #expect(sharing.ownCount == nil && sharing.peerCount == nil)
        #expect(sharing.finding(standby(records: 2)).description == "ok       pair: conntrackd runs")
    }
}
