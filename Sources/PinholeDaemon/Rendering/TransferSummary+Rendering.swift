// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper
import Messages

extension TransferSummary {
    /// The object of `pinhole transfers --json`.
    package func json(at now: Instant) -> JSON { .object(members(at: now)) }

    /// Its members, which the `transfer` event has, too.
    func members(at now: Instant) -> [JSON.Member] {
        [
            JSON.Member("client", .string(master.source.description)),
            JSON.Member("server", .string(master.destination.description)),
            JSON.Member("user", .string(Escaping.text(of: user))),
            JSON.Member("command", command.map { .string($0.rawValue) } ?? .null),
            JSON.Member("path", .string(Escaping.text(of: path))),
            JSON.Member("direction", direction.map(JSON.string) ?? .null),
            JSON.Member(
                "data",
                data.map {
                    .object([
                        JSON.Member("id", .integer($0.id)),
                        JSON.Member("kind", .string($0.kind.rawValue)),
                        JSON.Member("from", .string($0.original.source.description)),
                        JSON.Member("to", .string($0.original.destination.description)),
                        JSON.Member("answer", answer.map { .string($0.rawValue) } ?? .null),
                    ])
                } ?? .null
            ),
            JSON.Member(
                "bytes",
                bytes.map {
                    .object([JSON.Member("up", .integer($0.up)), JSON.Member("down", .integer($0.down))])
                } ?? .null
            ),
            JSON.Member("size", size.map(JSON.integer) ?? .null),
            JSON.Member("offset", .integer(offset)),
            JSON.Member("progress", progress.map { .number(($0 * 1000).rounded() / 1000) } ?? .null),
            JSON.Member("seconds", .number(Double(milliseconds(at: now)) / 1000)),
            JSON.Member("reply", .string(shownReply)),
        ]
    }

    /// The line of `pinhole transfers`: the command, or `data` if it is unknown, then `key=value` pairs.
    package func text(at now: Instant) -> String {
        var fields = Fields()
        add(to: &fields, at: now)
        return "\(command?.rawValue ?? "data") \(fields.text)"
    }

    /// The fields for logs and text events; a finished transfer has no age.
    func add(to fields: inout Fields, at now: Instant?) {
        fields.add("client", master.source)
        fields.add("server", master.destination)
        fields.add("user", Escaping.text(of: user))
        if let command, ended != nil { fields.add("command", command.rawValue) }
        fields.add("path", Escaping.text(of: path))
        if let direction { fields.add("direction", direction) }
        fields.add("up", bytes.map { "\($0.up)" } ?? "unknown")
        fields.add("down", bytes.map { "\($0.down)" } ?? "unknown")
        if let size { fields.add("size", size) }
        if offset > 0 { fields.add("offset", offset) }
        if let progress { fields.add("progress", "\(Int(progress * 100))%") }
        let milliseconds = milliseconds(at: now ?? began)
        fields.add("seconds", "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())")
        if let data {
            fields.add("id", data.id)
            fields.add("kind", data.kind.rawValue)
            fields.add("from", data.original.source)
            fields.add("to", data.original.destination)
            if let answer, answer != .established { fields.add("answer", answer.rawValue) }
        }
        if ended != nil { fields.add("reply", shownReply) }
    }

    private var direction: String? { command.map { $0.isUpload ? "upload" : "download" } }

    private var shownReply: String { Escaping.text(of: reply, limit: 120) }

    /// Its duration so far, or its total duration.
    func milliseconds(at now: Instant) -> UInt64 {
        UInt64((began.seconds(until: ended ?? now) * 1000).rounded())
    }
}
