/// What is transferred: the commands and their replies from the session, the bytes from conntrack.
///
/// The two come in any order. What conntrack has counted is asked for (`Action.measure`) when the final reply has come, and told
/// with `measured`; where data are still on their way then, it is asked again.
extension Tracker {
    /// The transfers that are under way, in no particular order.
    package var transfers: [TransferSummary] {
        transferring.values.compactMap { connection in
            connection.transfer?.summary(of: connection, ended: nil)
        }
    }

    package var transferCount: Int { transferring.count }

    /// A line says something of a transfer.
    mutating func updateTransfer(
        by sign: TransferSign,
        in line: Span<UInt8>,
        on connection: Connection,
        at now: Instant,
        into output: inout Output
    ) {
        switch sign {
        case .asksSize(let path):
            guard let transfer = transferToCome(on: connection, at: now, into: &output) else { return }
            transfer.path = Tracker.bytes(of: line, in: path, limit: Transfer.maximumPathSize)
            transfer.size = nil
        case .size(let size):
            guard let transfer = connection.transfer, transfer.command == nil else { return }
            transfer.size = size
        case .begins(let offset):
            guard let transfer = transferToCome(on: connection, at: now, into: &output) else { return }
            transfer.offset = offset
        case .command(let command, let path, let ordinal):
            guard let transfer = transferToCome(on: connection, at: now, into: &output) else { return }
            let path = Tracker.bytes(of: line, in: path, limit: Transfer.maximumPathSize)
            if !command.isOfFile || path != transfer.path { transfer.size = nil }
            if transfer.data == nil { begin(transfer, of: connection, at: now) }
            transfer.command = command
            transfer.ordinal = ordinal
            transfer.path = path
            transfer.isASCII = connection.session.isASCII || !command.isOfFile
            if transfer.data == nil, connection.opening == nil, connection.opened == 0,
                connection.refused == 0
            {
                tell(.unannounced, of: connection, into: &output)
            }
        case .opens(let size):
            guard let transfer = connection.transfer, transfer.command != nil, transfer.replied == nil else {
                return
            }
            // What SIZE says is of the whole file, and this may be of the rest that REST has left.
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

    /// The data connection of an expectation has come.
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
    }

    /// The kernel was asked for what has gone over a data connection.
    ///
    /// - Parameters:
    ///   - summary: as `Action.measure` had it.
    ///   - traffic: what conntrack has counted; `nil` if it has not, or has forgotten.
    ///   - isOver: an end has closed the data connection, or nothing is known of it any more.
    ///   - now: the time.
    ///   - output: gets what is to be done.
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
            // Only the final reply is awaited, if nothing more can come.
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

    /// Tells of the transfer of a connection as far as it has come, and has none any more.
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

    /// Tells of a transfer whose final reply has come, before another begins.
    mutating func endAnsweredTransfer(of connection: Connection, at now: Instant, into output: inout Output) {
        guard connection.transfer?.replied != nil else { return }
        endTransfer(of: connection, at: now, into: &output)
    }

    /// The transfer that the next command is about; `nil` while another waits for its reply.
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

    /// Counts a transfer that was being prepared as one that is under way.
    private mutating func begin(_ transfer: Transfer, of connection: Connection, at now: Instant) {
        transfer.began = now
        transferring[ObjectIdentifier(connection)] = connection
    }

    private mutating func dropTransfer(of connection: Connection) {
        transferring[ObjectIdentifier(connection)] = nil
        connection.transfer = nil
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

    private static func bytes(of line: Span<UInt8>, in range: Range<Int>, limit: Int) -> [UInt8] {
        range.prefix(limit).map { line[$0] }
    }
}
