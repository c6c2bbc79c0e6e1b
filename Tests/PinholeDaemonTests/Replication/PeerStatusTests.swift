// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Linux
import TestFiles
import Testing

@testable import PinholeDaemon

/// The status file of `pinhole sync`, and how it is read.
@Suite struct PeerStatusTests {
    private let second: UInt64 = 1_000_000_000

    /// One in which no two members are alike.
    private var status: PeerStatus {
        var status = PeerStatus()
        status.local = "fd01::1"
        status.peer = "fd01::2"
        status.port = 5121
        status.records = 1
        status.snapshots = 2
        status.changes = 3
        status.lag = 4.5
        status.clockShift = -5_500_000_000
        status.timeDifference = -6.25
        status.heard = 100 * second
        status.followerProblem = "it speaks protocol 9"
        status.trouble = .version
        status.problem = "the other gateway \"speaks\" version 9"
        status.written = 101 * second
        return status
    }

    /// The members that are true or false.
    private let flags: [WritableKeyPath<PeerStatus, Bool>] = [
        \.isSigned, \.hasDaemon, \.isConnected, \.isFollowed, \.hasPeerDaemon,
    ]

    private func seconds(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * second) }

    @Test func `each member is read as written`() throws {
        for flag in flags {
            var status = status
            status[keyPath: flag] = true
            let json = try #require(JSON(parsing: Array(status.json.text.utf8)))
            #expect(PeerStatus(json) == status)
        }
    }

    @Test func `missing and invalid members get safe values`() {
        #expect(PeerStatus(.object([])) == PeerStatus())
        #expect(PeerStatus(.object([JSON.Member("port", .integer(65536))])).port == 65535)
        #expect(!PeerStatus(.object([JSON.Member("connected", .string("true"))])).isConnected)
        let numbers = ["lag", "clock_shift", "time_difference"].map { JSON.Member($0, .number(-1e300)) }
        let status = PeerStatus(.object(numbers))
        #expect(status.lag == 0 && status.clockShift == 0 && status.timeDifference == -1e9)
    }

    @Test func `the file beside the peer's records is read, and an invalid one is refused`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/peer.state"
        #expect(PeerStatus.read(besides: path) == nil)
        try StatusFile.write(status.json.text, to: PeerStatus.path(besides: path))
        #expect(PeerStatus.read(besides: path) == status)
        #expect(try directory.files == ["peer.state.status"])
        try StatusFile.write("{", to: PeerStatus.path(besides: path))
        #expect(PeerStatus.read(besides: path) == nil)
    }

    @Test func `sync counts as running for five seconds after its last write`() {
        #expect(status.isFresh(at: seconds(101)))
        #expect(status.isFresh(at: seconds(106)))
        #expect(!status.isFresh(at: Instant(nanoseconds: 106 * second + 1)))
    }

    @Test func `a peer that was never heard has no age, and ages are never negative`() {
        var status = status
        #expect(status.age(at: seconds(103)) == 3)
        #expect(status.age(at: seconds(99)) == 0)
        status.heard = 1
        #expect(status.age(at: Instant(nanoseconds: 1)) == 0)
        status.heard = 0
        #expect(status.age(at: seconds(103)) == nil)
    }

    @Test func `a gateway is on standby while only its peer has a daemon`() {
        var standingBy = status
        standingBy.isConnected = true
        standingBy.hasPeerDaemon = true
        #expect(standingBy.isStandingBy(at: seconds(101)))
        #expect(!standingBy.isStandingBy(at: seconds(107)), "nothing is known any more")
        for flag in [\PeerStatus.hasDaemon, \.isConnected, \.hasPeerDaemon] {
            var other = standingBy
            other[keyPath: flag].toggle()
            #expect(!other.isStandingBy(at: seconds(101)))
        }
    }

    @Test func `the exporter shows only current values of a peer`() {
        var status = status
        status.isConnected = true
        status.hasPeerDaemon = true
        status.isFollowed = true
        func values(at now: Instant) -> [Substring: Substring] {
            let lines = status.metrics(at: now).split(separator: "\n").filter { !$0.hasPrefix("#") }
            return Dictionary(
                uniqueKeysWithValues: lines.map { line in
                    let words = line.split(separator: " ")
                    return (words[0].dropFirst("pinhole_peer_".count), words[1])
                }
            )
        }
        #expect(
            values(at: seconds(101))
                == [
                    "up": "1", "active": "1", "refused": "1", "followed": "1", "records": "1",
                    "lag_seconds": "4.5",
                ]
        )
        #expect(
            values(at: seconds(107))
                == [
                    "up": "0", "active": "0", "refused": "1", "followed": "1", "records": "1",
                    "lag_seconds": "7.0",
                ]
        )
        status.hasPeerDaemon = false
        #expect(values(at: seconds(101))["up"] == "1" && values(at: seconds(101))["active"] == "0")
        status.heard = 0
        #expect(values(at: seconds(101))["lag_seconds"] == "+Inf")
    }
}
