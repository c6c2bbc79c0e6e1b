// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Messages

extension TraceStep {
    /// The name of its event.
    var name: String {
        switch kind {
        case .line: "line"
        case .login: "login"
        case .notEstablished: "not-established"
        case .answered: "answered"
        case .flows: "flows"
        }
    }

    /// The members of its event.
    var members: [JSON.Member] {
        let ends = [
            JSON.Member("client", .string(connection.source.description)),
            JSON.Member("server", .string(connection.destination.description)),
        ]
        return switch kind {
        case .line(let side, let line, let interface):
            ends + [
                JSON.Member("side", .string(side.name)),
                JSON.Member("line", .string(Escaping.text(of: line, limit: 120))),
                JSON.Member("interface", .integer(UInt64(interface))),
            ]
        case .login: ends
        case .notEstablished(let data): ends + Self.members(of: data)
        case .answered(let data): ends + Self.members(of: data.original)
        case .flows(let data, let bytes):
            ends + Self.members(of: data.original)
                + [JSON.Member("up", .integer(bytes.up)), JSON.Member("down", .integer(bytes.down))]
        }
    }

    private static func members(of data: Tuple) -> [JSON.Member] {
        [
            JSON.Member("from", .string(data.source.description)),
            JSON.Member("to", .string(data.destination.description)),
        ]
    }

    /// Adds the members as fields of a log line.
    func add(to fields: inout Fields) {
        fields.add("client", connection.source)
        fields.add("server", connection.destination)
        switch kind {
        case .line(let side, let line, _):
            fields.add("side", side.name)
            fields.add("line", Escaping.text(of: line, limit: 120))
        case .login: break
        case .notEstablished(let data):
            fields.add("from", data.source)
            fields.add("to", data.destination)
        case .answered(let data), .flows(let data, _):
            fields.add("from", data.original.source)
            fields.add("to", data.original.destination)
        }
    }
}
