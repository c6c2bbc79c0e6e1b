// SPDX-License-Identifier: GPL-2.0-or-later

/// Decisions on announcements.
extension Tracker {
    /// The decision on an announcement.
    enum Decision {
        case refused(Refusal.Reason)
        /// The announcement opens an expectation; `told` is the endpoint that the line must name, which may
        /// be the announced one.
        case opened(Expectation, told: Endpoint)
    }

    /// Decides on an announcement by the rules for addresses and ports (contract A1 to A6).
    ///
    /// The data connection always leads to the end of the control connection that announced it, unless
    /// another address is honoured. The line must name the endpoint at which the receiver of the line reaches
    /// that end: the address that NAT shows, and a port that is free there.
    mutating func decide(
        _ announcement: Announcement,
        on connection: borrowing Connection,
        at now: Instant
    ) -> Decision {
        let side: Session.Side = announcement.kind.isActive ? .client : .server
        let rules = policy.rules(for: connection.mapping)
        guard side == .client ? rules.allowsActive : rules.allowsPassive else { return .refused(.notAllowed) }
        let own = connection.ownAddress(of: side)
        let shown = connection.shownAddress(of: side)
        let advertised = announcement.address ?? shown
        var target = own
        if advertised != own, advertised != shown {
            let isHonoured =
                rules.honoured.contains(advertised)
                || rules.trustsProxyHeader && side == .client && connection.proxied?.address == advertised
            guard isHonoured || side == .server else { return .refused(.addressMismatch) }
            if isHonoured { target = advertised }
        }
        guard announcement.port >= 1024 || rules.allowsPrivilegedPorts else {
            return .refused(.privilegedPort)
        }

        let port = book.choosePort(
            for: Endpoint(target, announcement.port),
            side,
            connection,
            others: side == .client ? rules.honoured.others(than: connection.ownAddress(of: .server)) : [],
            within: rules.natPorts,
            at: now
        )
        guard let port else { return .refused(.noPort) }
        let expectation = connection.expectation(
            announcement.kind,
            book.nextID(),
            target: target == own ? nil : target,
            others: side == .client ? rules.honoured.others(than: connection.ownAddress(of: .server)) : [],
            port: port,
            announcement.port,
            until: now.advanced(bySeconds: rules.timeout)
        )
        // A reachable address is left as it is: server farms announce another host on purpose (contract A3).
        let isLeftAlone =
            side == .server && own == shown && target == own && !advertised.isUnreachable
            && !(advertised.isPrivate && !shown.isPrivate)
        return .opened(
            expectation,
            told: isLeftAlone ? Endpoint(advertised, announcement.port) : expectation.to
        )
    }
}
