// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Messages
import PinholeDaemon

/// What `pinhole trace` says: events in, lines out.
///
/// It does no IO.
struct Trace {
    /// Nanoseconds to wait for what still comes when all sessions have ended.
    private static let drainTime: UInt64 = 1_500_000_000

    /// The name of the interface with an index.
    private let interface: (UInt32) -> String?
    /// The rules that drop a data connection to a port, in the family that is IPv6 or not.
    private let droppers: (UInt16, Bool) -> [String]
    /// The sessions, by client and server, in the order in which they were first seen.
    private var sessions: [TracedSession] = []
    /// When the last session ended; `nil` while there is one.
    private var ended: Instant?

    init(interface: @escaping (UInt32) -> String?, droppers: @escaping (UInt16, Bool) -> [String]) {
        self.interface = interface
        self.droppers = droppers
    }

    /// Whether all sessions have ended, and nothing more is to come of them.
    func isOver(at now: Instant) -> Bool {
        guard let ended else { return false }
        return ended.nanoseconds + Self.drainTime <= now.nanoseconds
    }

    /// Takes an event; returns what to say about it.
    mutating func lines(for event: JSON, at now: Instant) -> [String] {
        guard let name = event["event"]?.string else { return [] }
        guard name != "lost" else { return ["\(event["count"]?.integer ?? 0) events were lost"] }
        let ends = Self.ends(of: event)
        let index =
            sessions.firstIndex { $0.ends == ends && !$0.hasEnded }
            ?? sessions.lastIndex { $0.ends == ends && name != "connection" }
        var session = index.map { sessions[$0] } ?? TracedSession(ends)
        let texts = session.lines(event, name, interface, droppers)
        if let index { sessions[index] = session } else { sessions.append(session) }
        if sessions.allSatisfy(\.hasEnded) { ended = now } else { ended = nil }
        // With several sessions, each line has the port of its client.
        let isOne = sessions.count == 1
        let mark = isOne ? "" : "\(ends.prefix { $0 != " " }) "
        return texts.map { "\(Self.time(of: event)) \(mark)\($0)" }
    }

    /// What became of each session, and why nothing more did.
    var diagnosis: [String] {
        guard !sessions.isEmpty else {
            return [
                "diagnosis: no control connection was seen: the client does not connect, its packets do not pass this "
                    + "gateway, or the port that it connects to is not one of those that are read; see pinhole check"
            ]
        }
        return sessions.flatMap { session in
            let mark = sessions.count == 1 ? "" : " of \(session.ends)"
            return session.diagnosis.map { "diagnosis\(mark): \($0)" }
        }
    }

    /// `10.1.0.2:40112 to 10.2.0.2:21`: the ends of the control connection that an event is about.
    static func ends(of event: JSON) -> String {
        let object = event["master"] ?? event
        return "\(object["client"]?.string ?? "?") to \(object["server"]?.string ?? "?")"
    }

    /// Tells whether a session of `pinhole connections --json` is one of those that are traced.
    static func isMeant(_ session: JSON, by target: TraceTarget) -> Bool {
        let ends = [session, session["translated"]].flatMap { [$0?["client"], $0?["server"]] }
        return ends.contains { end in
            guard let text = end?.string, let meant = TraceTarget(parsing: text) else { return false }
            return target.prefix.contains(meant.prefix.address) && (target.port ?? meant.port) == meant.port
        }
    }

    /// The time of day of an event in UTC, with milliseconds.
    private static func time(of event: JSON) -> String {
        let milliseconds = UInt64(min(max(0, (event["time"]?.double ?? 0) * 1000), 1e15).rounded())
        func digits(_ number: UInt64, _ count: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let seconds = milliseconds / 1000
        return
            "\(digits(seconds / 3600 % 24, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2))"
            + ".\(digits(milliseconds % 1000, 3))"
    }
}
