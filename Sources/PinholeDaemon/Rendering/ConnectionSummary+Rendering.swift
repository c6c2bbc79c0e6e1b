// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper
import Messages

extension ConnectionSummary {
    /// The object of `pinhole connections --json`.
    package func json(at now: Instant) -> JSON {
        .object(
            members + [
                JSON.Member("age", .integer(UInt64(began.seconds(until: now)))),
                JSON.Member("idle", .integer(UInt64(lastSeen.seconds(until: now)))),
            ]
        )
    }

    /// Its members, which the events of a connection have, too.
    var members: [JSON.Member] {
        // In a capture, nothing has a number.
        (id == 0 ? [] : [JSON.Member("id", .integer(UInt64(id)))]) + [
            JSON.Member("client", .string(mapping.original.source.description)),
            JSON.Member("server", .string(mapping.original.destination.description)),
            JSON.Member("translated", mapping.reply.inverted.json),
            JSON.Member("state", .string(state.rawValue)),
            JSON.Member("adopted", .bool(isAdopted)),
            JSON.Member("user", .string(Escaping.text(of: user))),
            JSON.Member("edits", .integer(UInt64(edits))),
            JSON.Member("opened", .integer(UInt64(opened))),
            JSON.Member("used", .integer(UInt64(used))),
            JSON.Member("refused", .integer(UInt64(refused))),
        ] + (mapping.zone == 0 ? [] : [JSON.Member("zone", .integer(UInt64(mapping.zone)))])
            + (access.map { [JSON.Member("ftps", $0.json)] } ?? [])
    }

    /// The line of `pinhole connections`: the session's state, then `key=value` pairs.
    package func text(at now: Instant) -> String {
        var fields = Fields()
        add(to: &fields)
        fields.add("age", UInt64(began.seconds(until: now)))
        fields.add("idle", UInt64(lastSeen.seconds(until: now)))
        return "\(state.rawValue) \(fields.text)"
    }

    /// The fields for logs and text events.
    func add(to fields: inout Fields) {
        fields.add("client", mapping.original.source)
        fields.add("server", mapping.original.destination)
        if mapping.isTranslated {
            fields.add("translated-client", mapping.reply.destination)
            fields.add("translated-server", mapping.reply.source)
        }
        if mapping.zone != 0 { fields.add("zone", mapping.zone) }
        fields.add("adopted", isAdopted ? "yes" : "no")
        fields.add("user", Escaping.text(of: user))
        fields.add("edits", edits)
        fields.add("opened", opened)
        fields.add("used", used)
        fields.add("refused", refused)
        if let access {
            fields.add("ftps-ports", access.portsText)
            fields.add("ftps-active", access.active.rawValue)
            fields.add("ftps-live", access.live)
        }
        if id != 0 { fields.add("id", id) }
    }
}
