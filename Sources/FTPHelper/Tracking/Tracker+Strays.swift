// SPDX-License-Identifier: GPL-2.0-or-later

/// Detection of FTPS misconfiguration: SYNs of clients with an encrypted session that look like data
/// connections but go to a port or an address that is not open.
extension Tracker {
    /// Seconds after a packet of the server within which the client is assumed to connect to the endpoint
    /// that the packet announced.
    private static var promptSeconds: UInt32 { 2 }

    /// Reports, once per session, a port or an address to which the client of an encrypted session tries to
    /// connect in vain.
    ///
    /// The announcement cannot be read, but a client connects soon after it. A SYN at another time, or to a
    /// port below 1024, is assumed to have another purpose.
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
