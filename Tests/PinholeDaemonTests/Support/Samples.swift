// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper

/// Values that tests render, in the addresses of the contract's examples.
enum Samples {
    static let client = Endpoint(.v4(0x0a01_0002), 40112)
    static let server = Endpoint(.v4(0x0a02_0002), 21)
    static let gateway = IPAddress.v4(0x0a02_0064)
    static let now = Instant(nanoseconds: 1_000_000_000)

    /// Masqueraded: the server sees the gateway.
    static let mapping = Mapping(
        original: Tuple(source: client, destination: server),
        reply: Tuple(source: server, destination: Endpoint(gateway, 40112))
    )

    /// Announced by PORT through NAT, with 299.24 seconds left.
    static let expectation = Expectation(
        id: 1,
        kind: .port,
        master: mapping.original,
        from: server.address,
        to: Endpoint(gateway, 5001),
        translatedFrom: server.address,
        translatedTo: Endpoint(client.address, 5001),
        deadline: Instant(nanoseconds: 300_240_000_000)
    )

    /// Announced by EPSV over IPv6, where nothing is translated, with 12 seconds left.
    static let plainExpectation = Expectation(
        id: 2,
        kind: .epsv,
        master: Tuple(
            source: Endpoint(.v6(high: 0xfd01 << 48, low: 2), 40113),
            destination: Endpoint(.v6(high: 0xfd02 << 48, low: 2), 21)
        ),
        from: .v6(high: 0xfd01 << 48, low: 2),
        to: Endpoint(.v6(high: 0xfd02 << 48, low: 2), 5002),
        translatedFrom: .v6(high: 0xfd01 << 48, low: 2),
        translatedTo: Endpoint(.v6(high: 0xfd02 << 48, low: 2), 5002),
        deadline: Instant(nanoseconds: 13_000_000_000)
    )

    static let refusal = Refusal(
        reason: .privilegedPort,
        kind: .port,
        connection: mapping.original,
        line: Array("PORT 10,1,0,2,0,22".utf8)
    )

    /// What an encrypted session has besides.
    static let access = FTPHelper.Expectation.Access(
        ports: 49000...50000,
        active: .behindNAT,
        maximum: 10,
        live: 2
    )

    /// Of an encrypted session, behind DNAT.
    static let sessionExpectation = Expectation(
        id: 3,
        kind: .ftps,
        master: mapping.original,
        from: client.address,
        to: Endpoint(gateway, 49000),
        translatedFrom: client.address,
        translatedTo: Endpoint(server.address, 49000),
        deadline: Instant(nanoseconds: 300_240_000_000),
        access: access
    )

    static func summary(
        _ mapping: Mapping = mapping,
        user: String = "anonymous",
        state: ConnectionSummary.State = .ready,
        access: FTPHelper.Expectation.Access? = nil
    ) -> ConnectionSummary {
        ConnectionSummary(
            id: 7,
            mapping: mapping,
            state: state,
            isAdopted: false,
            user: Array(user.utf8),
            edits: 3,
            opened: 2,
            used: 1,
            refused: 4,
            began: Instant(nanoseconds: now.nanoseconds - 1_000_000_000),
            lastSeen: Instant(nanoseconds: now.nanoseconds - 500_000_000),
            access: access
        )
    }
}
