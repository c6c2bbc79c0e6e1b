// SPDX-License-Identifier: GPL-2.0-or-later

/// Transfers: the session reports commands and replies, and conntrack the bytes.
///
/// The two arrive in any order. After the final reply, conntrack is asked for its counters (`Action.measure`)
/// and the answer is passed to `measured`. While data is still on its way, conntrack is asked again.
extension Tracker {
    /// The current transfers, in no particular order.
    package var transfers: [TransferSummary] {
        var summaries: [TransferSummary] = []
        store.forEachTransferring { slot in
            guard let transfer = slot.connection.transfer else { return }
            summaries.append(transfer.summary(of: slot.connection, ended: nil))
        }
        return summaries
    }

    /// Number of current transfers.
    package var transferCount: Int { store.transferCount }

    /// Updates the transfer of a connection by what a line tells about it.
    mutating func updateTransfer(
        by sign: TransferUpdate,
        in line: Span<UInt8>,
        on connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) {
        switch sign {
        case .asksSize(let path):
            guard prepareTransfer(on: &connection, at: now, into: &output) else { return }
            let path = Tracker.path(in: line, path, of: connection)
            connection.transfer?.path = path
            connection.transfer?.size = nil
        case .size(let size):
            guard connection.transfer?.command == nil else { return }
            connection.transfer?.size = size
        case .begins(let offset):
            guard prepareTransfer(on: &connection, at: now, into: &output) else { return }
            connection.transfer?.offset = offset
        case .command(let command, let path, let ordinal):
            guard prepareTransfer(on: &connection, at: now, into: &output) else { return }
            let isNamed = !path.isEmpty || !command.isOfFile
            let path = isNamed ? Tracker.path(in: line, path, of: connection) : []
            let isASCII = connection.session.isASCII || !command.isOfFile
            connection.transfer?.begin(command, ordinal, path: path, isASCII: isASCII, at: now)
            if connection.transfer?.data == nil, connection.opening == nil, connection.opened == 0,
                connection.refused == 0
            {
                reportUnopened(.unannounced, of: &connection, into: &output)
            }
        case .opens(let size):
            guard let transfer = connection.transfer, transfer.command != nil, transfer.replied == nil else {
                return
            }
            // SIZE reports the size of the whole file, while this may be the size of what REST leaves.
            connection.transfer?.size = transfer.size ?? size
        case .ends(let command):
            guard let transfer = connection.transfer, transfer.command != nil, transfer.ordinal == command
            else { return }
            let end = Command.end(of: line)
            let reply = Tracker.bytes(of: line, in: 0..<end, limit: Transfer.maximumReplySize)
            connection.transfer?.end(reply, at: now)
            if transfer.data == nil {
                endTransfer(of: &connection, at: now, into: &output)
            } else {
                measure(connection, into: &output)
            }
        }
    }

    /// Asks conntrack for the counters of a connection's transfer.
    func measure(_ connection: borrowing Connection, into output: inout Output) {
        guard let transfer = connection.transfer else { return }
        output.actions.append(.measure(transfer.summary(of: connection, ended: nil)))
    }

    /// Attaches a data connection that has arrived to the connection's transfer.
    mutating func attach(
        _ data: DataConnection,
        to connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) {
        if let old = connection.transfer, old.data != nil || old.replied != nil {
            endTransfer(of: &connection, at: now, into: &output)
        }
        var transfer = connection.transfer ?? Transfer(at: now)
        transfer.began = now
        transfer.data = data
        let seconds = min(Transfer.answerSeconds, lookSeconds(of: connection))
        transfer.due = now.advanced(bySeconds: seconds)
        connection.transfer = transfer
    }

    /// Processes the answer to `Action.measure`: the state of a data connection in conntrack.
    mutating func measured(
        _ summary: TransferSummary,
        _ entry: DataEntry,
        at now: Instant,
        into output: inout Output
    ) {
        guard let data = summary.data else { return }
        let bytes = entry.traffic.map(data.bytes)
        let answer = noteAnswer(to: data, of: summary, entry, at: now, into: &output)
        guard let slot = store.slot(of: summary.master), slot.connection.transfer?.data == data else {
            var last = summary
            last.ended = summary.ended ?? now
            last.bytes = bytes ?? summary.bytes
            last.answer = answer
            report(last, into: &output)
            return
        }
        update(slot) { tracker, connection in
            tracker.traceData(summary, answer, bytes, of: connection, into: &output)
            connection.transfer?.answer = answer
            let interval = tracker.lookSeconds(of: connection)
            guard
                let ended = connection.transfer?.measured(
                    bytes,
                    isOver: entry.isOver,
                    interval: interval,
                    at: now
                )
            else { return }
            let last = connection.transfer?.summary(of: connection, ended: ended)
            connection.transfer = nil
            if let last { tracker.report(last, into: &output) }
        }
    }

    /// Returns how the SYN of a data connection was answered; reports once that it was not.
    private mutating func noteAnswer(
        to data: DataConnection,
        of summary: TransferSummary,
        _ entry: DataEntry,
        at now: Instant,
        into output: inout Output
    ) -> DataAnswer? {
        if let known = summary.answer, known != .unanswered { return known }
        let age = UInt32(min(summary.began.seconds(until: now), Double(UInt32.max)))
        switch entry {
        case .unknown: return summary.answer
        case .gone:
            let isReset = !summary.isComplete && age < Transfer.closeSeconds
            return summary.answer ?? (isReset ? .refused : nil)
        case .there(_, .open), .there(_, .closing): return .established
        case .there(_, .opening(let stage, let leaving)):
            guard summary.answer == nil, age >= Transfer.answerSeconds || summary.hasFailed else {
                return summary.answer
            }
            let blocked = BlockedConnection(
                master: summary.master,
                id: data.id,
                kind: data.kind,
                arriving: data.original,
                leaving: leaving,
                stage: stage,
                seconds: age
            )
            report(blocked, into: &output)
            return .unanswered
        }
    }

    /// Counts and reports a data connection that nobody answers.
    mutating func report(_ blocked: BlockedConnection, into output: inout Output) {
        statistics.blocked += 1
        output.actions.append(.report(.blocked(blocked)))
    }

    /// Seconds between queries to conntrack during a transfer; often enough that its control connection does
    /// not time out.
    private func lookSeconds(of connection: borrowing Connection) -> UInt32 {
        isTraced(connection)
            ? Tracker.traceSeconds : min(Transfer.lookSeconds, max(1, establishedTimeout / 3))
    }

    /// Asks conntrack for the data connection of a transfer whose time has come.
    ///
    /// The control connection is silent meanwhile, and the server's reply at the end must still find its
    /// entry.
    mutating func queryTransfer(of connection: inout Connection, at now: Instant, into output: inout Output) {
        guard let transfer = connection.transfer, let due = transfer.due, due <= now else { return }
        let next = now.advanced(bySeconds: lookSeconds(of: connection))
        connection.transfer?.due = next
        measure(connection, into: &output)
        if transfer.replied == nil, isAlive(connection, at: now) {
            output.actions.append(.keepAlive(connection.mapping))
        }
    }

    /// Ends the transfer of a connection in its current state, and reports it.
    mutating func endTransfer(of connection: inout Connection, at now: Instant, into output: inout Output) {
        guard let transfer = connection.transfer else { return }
        let last = transfer.summary(of: connection, ended: transfer.replied ?? now)
        connection.transfer = nil
        guard transfer.isUnderWay else { return }
        if last.data == nil {
            report(last, into: &output)
        } else {
            output.actions.append(.measure(last))
        }
    }

    /// Ends the transfer if its final reply has arrived, before another one begins.
    mutating func endAnsweredTransfer(
        of connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) {
        guard connection.transfer?.replied != nil else { return }
        endTransfer(of: &connection, at: now, into: &output)
    }

    /// Makes sure that the connection's transfer is the one that the next command belongs to; returns `false`
    /// while another one waits for its reply.
    private mutating func prepareTransfer(
        on connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) -> Bool {
        if let transfer = connection.transfer {
            guard transfer.command != nil else { return true }
            guard transfer.replied != nil || !connection.session.awaitsReply(to: transfer.ordinal) else {
                return false
            }
            endTransfer(of: &connection, at: now, into: &output)
        }
        connection.transfer = Transfer(at: now)
        return true
    }

    private mutating func report(_ summary: TransferSummary, into output: inout Output) {
        if summary.isComplete {
            statistics.transfersCompleted += 1
        } else {
            statistics.transfersFailed += 1
        }
        statistics.bytesUp &+= summary.bytes?.up ?? 0
        statistics.bytesDown &+= summary.bytes?.down ?? 0
        output.actions.append(.report(.transfer(summary)))
    }

    /// The path that a line names; absolute if the working directory is known.
    private static func path(in line: Span<UInt8>, _ range: Range<Int>, of connection: borrowing Connection)
        -> [UInt8]
    {
        let name = bytes(of: line, in: range, limit: Transfer.maximumPathSize)
        return Array(connection.session.directory.absolute(name).prefix(Transfer.maximumPathSize))
    }

    private static func bytes(of line: Span<UInt8>, in range: Range<Int>, limit: Int) -> [UInt8] {
        range.prefix(limit).map { line[$0] }
    }
}
