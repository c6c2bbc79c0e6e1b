// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper
import Linux

/// How `pinhole sync` is doing; it writes this into a file beside the peer's records, for `status`, `check` and the exporter.
package struct PeerStatus: Hashable, Sendable {
    package var local = ""
    package var peer = ""
    package var port: UInt16 = 0
    /// Whether segments are signed with a key.
    package var isSigned = false
    /// Whether the daemon of this gateway is followed.
    package var hasDaemon = false
    /// Whether the other gateway answers.
    package var isConnected = false
    /// Whether the other gateway follows this one.
    package var isFollowed = false
    /// Whether the daemon of the other gateway runs.
    package var hasPeerDaemon = false
    /// Number of the peer's records.
    package var records: UInt64 = 0
    /// Snapshots, and changes, received since the start.
    package var snapshots: UInt64 = 0
    package var changes: UInt64 = 0
    /// Seconds that the last message was on its way, beyond the shortest such time.
    package var lag = 0.0
    /// Nanoseconds to add to a time of the peer's clock to get one of this machine's.
    package var clockShift: Int64 = 0
    /// Seconds by which the time of day is later here than on the other gateway; `nil` if that does not tell.
    package var timeDifference: Double?
    /// When the peer was heard last, in nanoseconds on this machine's clock; 0 if never.
    package var heard: UInt64 = 0
    /// Why the other gateway is refused, or what has failed; empty if nothing has.
    package var problem = ""
    /// What the problem is about.
    package var trouble = Trouble.peer
    /// Why this gateway refuses to be followed by the other one; empty if it does not.
    package var followerProblem = ""
    /// When this was written, in nanoseconds on this machine's clock.
    package var written: UInt64 = 0

    /// What a problem is about.
    package enum Trouble: String, Hashable, Sendable {
        /// The other gateway cannot be reached.
        case peer
        /// It has another version, or is another program.
        case version
        /// Its records cannot be kept on this gateway.
        case file
    }

    package init() {}

    /// The path of the file, beside the peer's records.
    package static func path(besides peerStatePath: String) -> String { "\(peerStatePath).status" }

    /// Whether `pinhole sync` runs: it writes the file every second.
    package func isFresh(at now: Instant) -> Bool {
        Instant(nanoseconds: written).advanced(bySeconds: 5) >= now
    }

    /// Seconds since the peer was heard; `nil` if it never was.
    package func age(at now: Instant) -> Double? {
        heard > 0 ? max(0, Instant(nanoseconds: heard).seconds(until: now)) : nil
    }

    /// Whether this gateway stands by: its daemon does not run, and that of the other one does.
    package func isStandingBy(at now: Instant) -> Bool {
        isFresh(at: now) && !hasDaemon && isConnected && hasPeerDaemon
    }

    /// The members as JSON.
    package var json: JSON {
        .object([
            JSON.Member("local", .string(local)), JSON.Member("peer", .string(peer)),
            JSON.Member("port", .integer(UInt64(port))), JSON.Member("signed", .bool(isSigned)),
            JSON.Member("daemon", .bool(hasDaemon)), JSON.Member("connected", .bool(isConnected)),
            JSON.Member("followed", .bool(isFollowed)), JSON.Member("peer_daemon", .bool(hasPeerDaemon)),
            JSON.Member("records", .integer(records)), JSON.Member("snapshots", .integer(snapshots)),
            JSON.Member("changes", .integer(changes)), JSON.Member("lag", .number(lag)),
            JSON.Member("clock_shift", .number(Double(clockShift) / 1e9)),
            JSON.Member("time_difference", timeDifference.map { .number($0) } ?? .null),
            JSON.Member("heard", .integer(heard)), JSON.Member("problem", .string(problem)),
            JSON.Member("trouble", .string(trouble.rawValue)),
            JSON.Member("follower_problem", .string(followerProblem)),
            JSON.Member("written", .integer(written)),
        ])
    }

    package init(_ json: JSON) {
        local = json["local"]?.string ?? ""
        peer = json["peer"]?.string ?? ""
        port = UInt16(clamping: json["port"]?.integer ?? 0)
        isSigned = json["signed"] == .bool(true)
        hasDaemon = json["daemon"] == .bool(true)
        isConnected = json["connected"] == .bool(true)
        isFollowed = json["followed"] == .bool(true)
        hasPeerDaemon = json["peer_daemon"] == .bool(true)
        records = json["records"]?.integer ?? 0
        snapshots = json["snapshots"]?.integer ?? 0
        changes = json["changes"]?.integer ?? 0
        // Others may have written the file: no number is too large to be shown.
        lag = min(max(0, json["lag"]?.double ?? 0), 1e9)
        clockShift = Int64(exactly: ((json["clock_shift"]?.double ?? 0) * 1e9).rounded()) ?? 0
        timeDifference = json["time_difference"]?.double.map { min(max(-1e9, $0), 1e9) }
        heard = json["heard"]?.integer ?? 0
        problem = json["problem"]?.string ?? ""
        trouble = json["trouble"]?.string.flatMap(Trouble.init) ?? .peer
        followerProblem = json["follower_problem"]?.string ?? ""
        written = json["written"]?.integer ?? 0
    }

    /// Reads the file beside the peer's records; `nil` if there is none, or it cannot be read.
    package static func read(besides peerStatePath: String) -> PeerStatus? {
        guard let text = try? TextFile.read(path(besides: peerStatePath)),
            let json = JSON(parsing: Array(text.utf8))
        else { return nil }
        return PeerStatus(json)
    }
}
