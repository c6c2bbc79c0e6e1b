// SPDX-License-Identifier: GPL-2.0-or-later

/// Transfers: the session reports commands and replies, and conntrack the bytes.
///
/// The two arrive in any order. After the final reply, conntrack is asked for its counters (`Action.measure`)
/// and the answer is passed to `measured`. While data is still on its way, conntrack is asked again.
extension Tracker {
    /// The current transfers, in no particular order.
    package var transfers: [TransferSummary] {
        transferring.values.compactMap { connection in
            connection.transfer?.summary(of: connection, ended: nil)
        }
    }

    /// Number of current transfers.
    package var transferCount: Int { transferring.count }

    /// Updates the transfer of a connection by what a line tells about it.
    mutating func updateTransfer(
        by sign: TransferUpdate,
        in line: Span<UInt8>,
        on connection: Connection,
        at now: Instant,
        into output: inout Output
    ) {
        switch sign {
        case .asksSize(let path):
            guard let transfer = transferToCome(on: connection, at: now, into: &output) else { return }
            transfer.path = Tracker.path(in: line, path, of: connection)
            transfer.size = nil
        case .size(let size):
            guard let transfer = connection.transfer, transfer.command == nil else { return }
            transfer.size = size
        case .begins(let offset):
            guard let transfer = transferToCome(on: connection, at: now, into: &output) else { return }
            transfer.offset = offset
        case .command(let command, let path, let ordinal):
            guard let transfer = transferToCome(on: connection, at: now, into: &output) else { return }
            let isNamed = !path.isEmpty || !command.isOfFile
            let path = isNamed ? Tracker.path(in: line, path, of: connection) : []
            if !command.isOfFile || path != transfer.path { transfer.size = nil }
            if transfer.data == nil { begin(transfer, of: connection, at: now) }
            transfer.command = command
            transfer.ordinal = ordinal
            transfer.path = path
            transfer.isASCII = connection.session.isASCII || !command.isOfFile
            if transfer.data == nil, connection.opening == nil, connection.opened == 0,
                connection.refused == 0
            {
                reportUnopened(.unannounced, of: connection, into: &output)
            }
        case .opens(let size):
            guard let transfer = connection.transfer, transfer.command != nil, transfer.replied == nil else {
                return
            }
            // SIZE reports the size of the whole file, while this may be the size of what REST leaves.
            transfer.size = transfer.size ?? size
        case .ends(let command):
            guard let transfer = connection.transfer, transfer.command != nil, transfer.ordinal == command
            else { return }
            let end = Command.end(of: line)
            transfer.reply = Tracker.bytes(of: line, in: 0..<end, limit: Transfer.maximumReplySize)
            transfer.replied = now
            transfer.moved = now
            if transfer.data == nil {
                endTransfer(of: connection, at: now, into: &output)
            } else {
                output.actions.append(.measure(transfer.summary(of: connection, ended: nil)))
            }
        }
    }

    /// Attaches a data connection that has arrived to the connection's transfer.
    mutating func attach(
        _ data: DataConnection,
        to connection: Connection,
        at now: Instant,
        into output: inout Output
    ) {
        if let old = connection.transfer, old.data != nil || old.replied != nil {
            endTransfer(of: connection, at: now, into: &output)
        }
        let transfer = connection.transfer ?? Transfer(at: now)
        connection.transfer = transfer
        begin(transfer, of: connection, at: now)
        transfer.data = data
        transfer.due = now.advanced(bySeconds: Transfer.lookSeconds)
        note(connection)
    }

    /// Processes conntrack's counters of a data connection, the answer to `Action.measure`.
    ///
    /// - Parameters:
    ///   - summary: the summary in `Action.measure`.
    ///   - traffic: the counters; `nil` if conntrack does not count or has no entry.
    ///   - isOver: whether an end has closed the data connection, or nothing is known of it any more.
    ///   - now: the time.
    ///   - output: receives the actions.
    package mutating func measured(
        _ summary: TransferSummary,
        _ traffic: Traffic?,
        isOver: Bool,
        at now: Instant,
        into output: inout Output
    ) {
        guard let data = summary.data else { return }
        let bytes = traffic.map(data.bytes)
        guard let connection = connection(of: summary.master), let transfer = connection.transfer,
            transfer.data == data
        else {
            var last = summary
            last.ended = summary.ended ?? now
            last.bytes = bytes ?? summary.bytes
            report(last, into: &output)
            return
        }
        if let bytes, bytes != transfer.bytes {
            transfer.bytes = bytes
            transfer.moved = now
        }
        guard transfer.replied != nil else {
            // If no more data can arrive, only the final reply is missing.
            transfer.due = isOver ? nil : now.advanced(bySeconds: Transfer.lookSeconds)
            deadlines.update(connection)
            return
        }
        let isStalled = transfer.moved.advanced(bySeconds: Transfer.stallSeconds) <= now
        guard isOver || isStalled || traffic == nil else {
            transfer.due = now.advanced(bySeconds: Transfer.lastLookSeconds)
            deadlines.update(connection)
            return
        }
        let last = transfer.summary(of: connection, ended: isStalled ? transfer.moved : now)
        dropTransfer(of: connection)
        report(last, into: &output)
    }

    /// Ends the transfer of a connection in its current state, and reports it.
    mutating func endTransfer(of connection: Connection, at now: Instant, into output: inout Output) {
        guard let transfer = connection.transfer else { return }
        let last = transfer.summary(of: connection, ended: transfer.replied ?? now)
        dropTransfer(of: connection)
        guard transfer.isUnderWay else { return }
        if last.data == nil {
            report(last, into: &output)
        } else {
            output.actions.append(.measure(last))
        }
    }

    /// Ends the transfer if its final reply has arrived, before another one begins.
    mutating func endAnsweredTransfer(of connection: Connection, at now: Instant, into output: inout Output) {
        guard connection.transfer?.replied != nil else { return }
        endTransfer(of: connection, at: now, into: &output)
    }

    /// Returns the transfer that the next command belongs to; `nil` while another one waits for its reply.
    private mutating func transferToCome(
        on connection: Connection,
        at now: Instant,
        into output: inout Output
    ) -> Transfer? {
        if let transfer = connection.transfer {
            guard transfer.command != nil else { return transfer }
            guard transfer.replied != nil || !connection.session.awaitsReply(to: transfer.ordinal) else {
                return nil
            }
            endTransfer(of: connection, at: now, into: &output)
        }
        let transfer = Transfer(at: now)
        connection.transfer = transfer
        return transfer
    }

    /// Marks a transfer as under way.
    private mutating func begin(_ transfer: Transfer, of connection: Connection, at now: Instant) {
        transfer.began = now
        transferring[ObjectIdentifier(connection)] = connection
    }

    private mutating func dropTransfer(of connection: Connection) {
        transferring[ObjectIdentifier(connection)] = nil
        connection.transfer = nil
        note(connection)
        deadlines.update(connection)
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

    /// The path that a line names, absolute if the directory is known that it is relative to.
    private static func path(in line: Span<UInt8>, _ range: Range<Int>, of connection: Connection) -> [UInt8]
    {
        let name = bytes(of: line, in: range, limit: Transfer.maximumPathSize)
        return Array(connection.session.directory.absolute(name).prefix(Transfer.maximumPathSize))
    }

    private static func bytes(of line: Span<UInt8>, in range: Range<Int>, limit: Int) -> [UInt8] {
        range.prefix(limit).map { line[$0] }
    }
}
