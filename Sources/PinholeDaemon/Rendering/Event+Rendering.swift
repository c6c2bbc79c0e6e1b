package import FTPHelper
package import Netfilter

extension Event {
    /// The name that logs, text and JSON share.
    package var name: String {
        switch self {
        case .connection: "connection"
        case .connectionClosed: "connection-closed"
        case .expectation: "expectation"
        case .data: "data"
        case .expired: "expired"
        case .closed: "closed"
        case .refused: "refused"
        case .encrypted: "encrypted"
        case .transfer: "transfer"
        }
    }

    /// The members of its JSON object but for the time and the name.
    package func members(at now: Instant) -> [JSON.Member] {
        switch self {
        case .connection(let summary), .connectionClosed(let summary), .encrypted(let summary):
            summary.members
        case .expectation(let expectation), .expired(let expectation):
            expectation.members(from: expectation.from.description, at: now)
        case .data(let expectation, let source):
            expectation.members(from: source.description, at: now)
        case .closed(let expectation, let reason):
            expectation.members(from: expectation.from.description, at: now)
                + [JSON.Member("reason", .string(reason.rawValue))]
        case .transfer(let summary):
            summary.members(at: now)
        case .refused(let refusal):
            [
                JSON.Member("reason", .string(refusal.reason.rawValue)),
                JSON.Member("kind", refusal.kind.map { .string($0.rawValue) } ?? .null),
                JSON.Member("client", .string(refusal.connection.source.description)),
                JSON.Member("server", .string(refusal.connection.destination.description)),
                JSON.Member("line", .string(Escaping.text(of: refusal.line, limit: 120))),
                JSON.Member("explanation", .string(refusal.explanation)),
            ]
        }
    }

    /// The same in `key=value` pairs.
    package func add(to fields: inout Fields) {
        switch self {
        case .connection(let summary), .connectionClosed(let summary), .encrypted(let summary):
            fields.add("state", summary.state.rawValue)
            summary.add(to: &fields)
        case .expectation(let expectation), .expired(let expectation):
            expectation.add(to: &fields, from: expectation.from)
        case .data(let expectation, let source):
            expectation.add(to: &fields, from: source)
        case .closed(let expectation, let reason):
            expectation.add(to: &fields, from: expectation.from)
            fields.add("reason", reason.rawValue)
        case .transfer(let summary):
            summary.add(to: &fields, at: nil)
        case .refused(let refusal):
            fields.add("reason", refusal.reason.rawValue)
            if let kind = refusal.kind { fields.add("kind", kind.rawValue) }
            fields.add("client", refusal.connection.source)
            fields.add("server", refusal.connection.destination)
            fields.add("line", Escaping.text(of: refusal.line, limit: 120))
            fields.add("explanation", refusal.explanation)
        }
    }
}
