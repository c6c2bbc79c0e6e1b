// SPDX-License-Identifier: GPL-2.0-or-later

/// Steps of traced sessions. Sessions that nobody traces cause no such events.
extension Tracker {
    /// Seconds between queries to conntrack during a transfer that is traced.
    static var traceSeconds: UInt32 { 1 }
    /// Maximum number of bytes of a line in a step.
    private static var maximumLineSize: Int { 120 }

    /// Tells whether somebody traces a connection.
    func isTraced(_ connection: borrowing Connection) -> Bool {
        guard !traced.isEmpty else { return false }
        let mapping = connection.mapping
        return traced.contains { $0.includes(mapping) }
    }

    /// The traced targets that an event concerns.
    package func targets(of event: Event) -> [TraceTarget] {
        guard !traced.isEmpty, let tuple = event.control else { return [] }
        let mapping =
            event.mapping ?? store.slot(of: tuple)?.connection.mapping ?? Mapping(untranslated: tuple)
        return traced.filter { $0.includes(mapping) }
    }

    /// Reports a step of a connection, if it is traced.
    func trace(
        _ connection: borrowing Connection,
        _ kind: @autoclosure () -> TraceStep.Kind,
        into output: inout Output
    ) {
        guard isTraced(connection) else { return }
        let step = TraceStep(connection: connection.mapping.original, kind())
        output.actions.append(.report(.step(step)))
    }

    /// Reports a line, without the arguments of PASS and ACCT.
    func trace(
        _ line: Span<UInt8>,
        of side: Session.Side,
        _ connection: borrowing Connection,
        into output: inout Output
    ) {
        guard !traced.isEmpty else { return }
        var end = min(Command.end(of: line), Tracker.maximumLineSize)
        if side == .client, let command = Command(parsing: line),
            command.verb == .pass || command.verb == .acct
        {
            end = min(end, Command.end(of: line.extracting(0..<command.argument.lowerBound)))
        }
        trace(
            connection,
            .line(side, (0..<end).map { line[$0] }, interface: connection.interfaces[side.rawValue]),
            into: &output
        )
    }

    /// Reports how the data connection of a transfer has changed since the last query.
    func traceData(
        _ before: TransferSummary,
        _ answer: DataAnswer?,
        _ bytes: TransferBytes?,
        of connection: borrowing Connection,
        into output: inout Output
    ) {
        guard !traced.isEmpty, let data = before.data else { return }
        if answer == .established, before.answer != .established {
            trace(connection, .answered(data), into: &output)
        }
        if let bytes, bytes.up > 0 || bytes.down > 0, before.bytes.map({ $0.up == 0 && $0.down == 0 }) ?? true
        {
            trace(connection, .flows(data, bytes), into: &output)
        }
    }
}

extension Event {
    /// The original tuple of the control connection that the event concerns.
    var control: Tuple? {
        switch self {
        case .connection(let summary), .connectionClosed(let summary), .encrypted(let summary),
            .gap(let summary, _), .outOfStep(let summary, _), .unopened(let summary, _, _):
            summary.mapping.original
        case .expectation(let expectation), .data(let expectation, _), .expired(let expectation),
            .closed(let expectation, _):
            expectation.master
        case .refused(let refusal): refusal.connection
        case .addressDecision(let decision): decision.connection
        case .blocked(let blocked): blocked.master
        case .transfer(let transfer): transfer.master
        case .step(let step): step.connection
        }
    }

    /// The mapping of the control connection that the event concerns, if the event contains it: the
    /// connection may be gone.
    fileprivate var mapping: Mapping? {
        switch self {
        case .connection(let summary), .connectionClosed(let summary), .encrypted(let summary),
            .gap(let summary, _), .outOfStep(let summary, _), .unopened(let summary, _, _):
            summary.mapping
        case .expectation, .data, .expired, .closed, .refused, .addressDecision, .blocked, .transfer, .step:
            nil
        }
    }
}
