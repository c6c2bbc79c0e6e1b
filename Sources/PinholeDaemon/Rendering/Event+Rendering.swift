// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper
import Messages

extension Event {
    /// The name in logs, text and JSON.
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
        case .gap: "gap"
        case .outOfStep: "out-of-step"
        case .addressDecision(let decision): decision.isRewritten ? "rewritten" : "left-alone"
        case .unopened: "unopened"
        case .blocked: "blocked"
        case .transfer: "transfer"
        case .step(let step): step.name
        }
    }

    /// The members of its JSON object, without time and name.
    package func members(at now: Instant) -> [JSON.Member] {
        switch self {
        case .connection(let summary), .connectionClosed(let summary), .encrypted(let summary):
            summary.members
        case .gap(let summary, let side):
            summary.members + [JSON.Member("side", .string(side.name))]
        case .outOfStep(let summary, let side):
            summary.members + [
                JSON.Member("side", .string(side.name)), JSON.Member("explanation", .string(Self.stepping)),
            ]
        case .expectation(let expectation):
            expectation.members(from: expectation.from.description, at: now)
        case .expired(let expectation):
            expectation.members(from: expectation.from.description, at: now)
                + [JSON.Member("explanation", .string(expectation.expiry))]
        case .blocked(let blocked): blocked.members
        case .data(let expectation, let source):
            expectation.members(from: source.description, at: now)
        case .closed(let expectation, let reason):
            expectation.members(from: expectation.from.description, at: now)
                + [JSON.Member("reason", .string(reason.rawValue))]
        case .transfer(let summary):
            summary.members(at: now)
        case .step(let step): step.members
        case .addressDecision(let decision):
            [
                JSON.Member("kind", .string(decision.kind.rawValue)),
                JSON.Member("client", .string(decision.connection.source.description)),
                JSON.Member("server", .string(decision.connection.destination.description)),
                JSON.Member("announced", .string(decision.announced.description)),
                JSON.Member("told", .string(decision.told.description)),
            ] + (decision.explanation.map { [JSON.Member("explanation", .string($0))] } ?? [])
        case .unopened(let summary, let reason, let tried):
            summary.members + [JSON.Member("reason", .string(reason.rawValue))]
                + (tried.map { [JSON.Member("tried", .string($0.description))] } ?? [])
                + [JSON.Member("explanation", .string(reason.explanation(of: summary, tried: tried)))]
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

    /// Adds the members of the event as `key=value` pairs.
    package func add(to fields: inout Fields) {
        switch self {
        case .connection(let summary), .connectionClosed(let summary), .encrypted(let summary):
            fields.add("state", summary.state.rawValue)
            summary.add(to: &fields)
        case .gap(let summary, let side):
            fields.add("state", summary.state.rawValue)
            summary.add(to: &fields)
            fields.add("side", side.name)
        case .outOfStep(let summary, let side):
            summary.add(to: &fields)
            fields.add("side", side.name)
            fields.add("explanation", Self.stepping)
        case .expectation(let expectation):
            expectation.add(to: &fields, from: expectation.from)
        case .expired(let expectation):
            expectation.add(to: &fields, from: expectation.from)
            fields.add("explanation", expectation.expiry)
        case .blocked(let blocked): blocked.add(to: &fields)
        case .data(let expectation, let source):
            expectation.add(to: &fields, from: source)
        case .closed(let expectation, let reason):
            expectation.add(to: &fields, from: expectation.from)
            fields.add("reason", reason.rawValue)
        case .transfer(let summary):
            summary.add(to: &fields, at: nil)
        case .step(let step): step.add(to: &fields)
        case .addressDecision(let decision):
            fields.add("kind", decision.kind.rawValue)
            fields.add("client", decision.connection.source)
            fields.add("server", decision.connection.destination)
            fields.add("announced", decision.announced)
            fields.add("told", decision.told)
            if let explanation = decision.explanation { fields.add("explanation", explanation) }
        case .unopened(let summary, let reason, let tried):
            summary.add(to: &fields)
            fields.add("reason", reason.rawValue)
            if let tried { fields.add("tried", tried) }
            fields.add("explanation", reason.explanation(of: summary, tried: tried))
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

extension Event {
    fileprivate static let stepping =
        "packets of a rewritten session passed while the rules were gone or no daemon ran, or through a gateway "
        + "whose last changes are missing here: both ends were reset, and the client has to connect again"
}

extension Session.Side {
    /// Its name in text and JSON.
    var name: String { self == .client ? "client" : "server" }
}
