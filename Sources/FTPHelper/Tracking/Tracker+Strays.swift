// SPDX-License-Identifier: GPL-2.0-or-later

/// SYNs of clients with an encrypted session that nothing is open for, and that look like data connections:
/// what is configured does not fit what the server announces.
extension Tracker {
    /// Seconds after something that the server said within which a client connects to what that announced.
    private static var promptSeconds: UInt32 { 2 }

    /// Reports, once per session, a port or an address that the client of an encrypted session tries in vain.
    ///
    /// The announcement cannot be read. But the client connects as soon as it has come: what it does at another
    /// time, or to a service below port 1024, has another purpose.
    mutating func explainStray(_ syn: Tuple, at now: Instant, into output: inout Output) {
        let (source, tried) = (syn.source.address, syn.destination)
        guard tried.port >= 1024 else { return }
        let pair = EncryptedSessionTable.Pair(from: source, to: tried.address)
        if let slot = book.sessions(of: pair).last(where: { isClient(source, of: $0.connection) }) {
            guard slot.connection.mapping.original.destination.port != tried.port else { return }
            explain(.ftpsPort, tried, of: slot, at: now, into: &output)
        } else if let slot = book.newestSession(from: source), isClient(source, of: slot.connection),
            slot.connection.opening?.session?.ports.contains(tried.port) == true
        {
            explain(.ftpsAddress, tried, of: slot, at: now, into: &output)
        }
    }

    private func isClient(_ address: IPAddress, of connection: borrowing Connection) -> Bool {
        connection.ownAddress(of: .client) == address
    }

    private mutating func explain(
        _ reason: UnopenedReason,
        _ tried: Endpoint,
        of slot: ConnectionStore.Slot,
        at now: Instant,
        into output: inout Output
    ) {
        guard let session = slot.connection.opening?.session else { return }
        let isPrompt = now < session.heard.advanced(bySeconds: Tracker.promptSeconds)
        guard isPrompt || !session.isQueued else { return }
        update(slot) { $0.reportUnopened(reason, of: &$1, tried: tried, into: &output) }
    }
}
