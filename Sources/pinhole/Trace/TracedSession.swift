// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon

/// What was seen of one session, for the lines and the diagnosis of `pinhole trace`.
struct TracedSession {
    /// The data connection that was announced last, or came last.
    private struct Data {
        enum Progress { case announced, arrived, answered, flowing, over }

        var progress: Progress
        /// `10.1.0.2 to 10.2.0.2:5002`.
        var ends: String
    }

    /// The ends of the control connection.
    let ends: String
    private(set) var hasEnded = false
    private var isLoggedIn = false
    private var isEncrypted = false
    /// The first interface by which packets of each side came.
    private var places: [String: String] = [:]
    /// The last line of the server.
    private var lastReply: String?
    private var data: Data?
    /// Transfers that the server called complete.
    private var completed = 0
    /// What went wrong last, since the last transfer that was complete.
    private var trouble: String?

    init(_ ends: String) { self.ends = ends }

    /// What to say about an event, which it also notes.
    mutating func lines(
        _ event: JSON,
        _ name: String,
        _ interface: (UInt32) -> String?,
        _ droppers: (UInt16, Bool) -> [String]
    ) -> [String] {
        switch name {
        case "connection": return begin(event)
        case "line": return describeLine(event, interface)
        case "login":
            isLoggedIn = true
            return ["login accepted"]
        case "encrypted":
            isEncrypted = true
            return ["the session continues in TLS: its lines cannot be read any more"]
        case "rewritten": return [Self.rewriting(event)]
        case "left-alone":
            return ["not rewritten: \(text("announced", event)): \(text("explanation", event))"]
        case "refused":
            let why = "\(text("reason", event)): \(text("explanation", event))"
            trouble = "nothing was opened, \(why)"
            return ["REFUSED, \(why)"]
        case "unopened":
            let why = "\(text("reason", event)): \(text("explanation", event))"
            trouble = "nothing was opened, \(why)"
            return ["NOTHING OPENS, \(why)"]
        case "gap": return ["packets of the \(text("side", event)) were never seen: some take another route"]
        case "out-of-step":
            trouble = text("explanation", event)
            return [text("explanation", event)]
        case "connection-closed":
            hasEnded = true
            return ["control connection ended"]
        default: return describeData(event, name, droppers)
        }
    }

    private mutating func begin(_ event: JSON) -> [String] {
        var lines = ["control connection \(ends)\(event["adopted"] == .bool(true) ? ", taken over" : "")"]
        if let inside = event["translated"], Trace.ends(of: inside) != ends {
            lines.append(
                "NAT: the server is \(text("server", inside)), and sees the client as \(text("client", inside))"
            )
        }
        return lines
    }

    private mutating func describeLine(_ event: JSON, _ interface: (UInt32) -> String?) -> [String] {
        let side = text("side", event)
        var lines: [String] = []
        if places[side] == nil, let index = event["interface"]?.integer, index > 0 {
            let name = UInt32(exactly: index).flatMap(interface) ?? "interface \(index)"
            places[side] = name
            lines.append("packets of the \(side) come in by \(name)")
        }
        if side == "server" { lastReply = text("line", event) }
        return lines + ["\(side): \(text("line", event))"]
    }

    /// What to say about an event of a data connection.
    private mutating func describeData(
        _ event: JSON,
        _ name: String,
        _ droppers: (UInt16, Bool) -> [String]
    ) -> [String] {
        let ends = "\(text("from", event)) to \(text("to", event))"
        switch name {
        case "expectation":
            data = Data(progress: .announced, ends: ends)
            return [
                "\(text("kind", event)): \(ends) is expected and let through\(Self.destination(of: event))"
            ]
        case "data":
            data = Data(progress: .arrived, ends: ends)
            return [
                "SYN from \(ends): it passes Pinhole, RELATED to the control connection\(Self.destination(of: event))"
            ]
        case "not-established":
            trouble = "the conntrack entry of \(ends) could not be created: see the log of the daemon"
            return ["SYN from \(ends): its conntrack entry could not be created"]
        case "answered":
            data = Data(progress: .answered, ends: ends)
            return ["\(ends) is established"]
        case "flows":
            data = Data(progress: .flowing, ends: ends)
            let (up, down) = (event["up"]?.integer ?? 0, event["down"]?.integer ?? 0)
            return ["first data: \(up) bytes up, \(down) bytes down"]
        case "blocked": return block(event, droppers)
        case "expired":
            trouble = text("explanation", event)
            return ["EXPIRED, \(text("explanation", event))"]
        case "closed":
            data = nil
            return ["\(text("kind", event)): no longer expected, \(text("reason", event))"]
        case "transfer": return end(event)
        default: return []
        }
    }

    private mutating func block(_ event: JSON, _ droppers: (UInt16, Bool) -> [String]) -> [String] {
        var why = text("explanation", event)
        let target = event["translated"].map { text("to", $0) } ?? text("to", event)
        if text("stage", event) == "unanswered", let colon = target.lastIndex(of: ":"),
            let port = UInt16(target[target.index(after: colon)...])
        {
            let rules = droppers(port, target.hasPrefix("["))
            if !rules.isEmpty {
                why =
                    "this gateway drops the SYN to \(target): \(rules.joined(separator: "; ")) does not accept RELATED"
            }
        }
        trouble = why
        return ["BLOCKED, \(why)"]
    }

    private mutating func end(_ event: JSON) -> [String] {
        let reply = text("reply", event)
        let what = [event["command"]?.string, event["path"]?.string].compactMap(\.self).joined(separator: " ")
        var line = "transfer over: \(what.isEmpty ? "no command was seen" : what)"
        if let up = event["bytes"]?["up"]?.integer, let down = event["bytes"]?["down"]?.integer {
            line += ", \(up) bytes up, \(down) bytes down"
        }
        line += ", \(event["seconds"]?.double ?? 0) s: \(reply.isEmpty ? "no reply of the server" : reply)"
        data?.progress = .over
        if reply.hasPrefix("2") {
            completed += 1
            trouble = nil
        } else if event["data"]?["answer"]?.string == "refused" {
            trouble =
                "nothing listens at \(event["data"].map { text("to", $0) } ?? ""): the SYN was answered with an RST"
        } else if trouble == nil, !reply.isEmpty {
            trouble = "the server ended the transfer: \(reply)"
        }
        return [line]
    }

    /// What became of the session, in one line or two.
    var diagnosis: [String] {
        let transfers = completed == 0 ? [] : ["\(completed) transfer\(completed == 1 ? "" : "s") complete"]
        if let trouble { return transfers + [trouble] }
        guard let data, data.progress != .over else { return transfers.isEmpty ? [idleness] : transfers }
        switch data.progress {
        case .announced:
            return transfers + [
                isEncrypted
                    ? "no data connection came to the open ports: the client does not connect, or the server announces "
                        + "another address (pasv_address) or port inside TLS"
                    : "the data connection was announced, but no SYN came from \(data.ends): the sender does not connect, "
                        + "a firewall in front of this gateway drops the SYN, or it takes another route"
            ]
        case .arrived:
            return transfers + ["the SYN from \(data.ends) passed, and its answer had not been seen yet"]
        case .answered:
            return transfers + [
                "the data connection from \(data.ends) is established, but no data was counted: one end does not send, "
                    + "large packets are lost (MTU), or net.netfilter.nf_conntrack_acct is 0"
            ]
        case .flowing, .over: return transfers + ["the transfer from \(data.ends) was under way"]
        }
    }

    /// The diagnosis of a session in which no data connection was announced.
    private var idleness: String {
        if isEncrypted { return "no data connection was seen, and the session is encrypted" }
        guard let lastReply else {
            return "the control connection was established, but no reply of the server was read"
        }
        return isLoggedIn
            ? "no data connection was announced; the server said last: \(lastReply)"
            : "no login was seen; the server said last: \(lastReply)"
    }

    private static func rewriting(_ event: JSON) -> String {
        "rewritten: \(event["announced"]?.string ?? "") was announced, the other side is told "
            + "\(event["told"]?.string ?? "")"
    }

    /// Where a data connection leads, if NAT changes that.
    private static func destination(of event: JSON) -> String {
        guard let end = event["translated"]?["to"]?.string, end != event["to"]?.string else { return "" }
        return ", and leads to \(end)"
    }

    private func text(_ name: String, _ object: JSON) -> String { object[name]?.string ?? "" }
}
