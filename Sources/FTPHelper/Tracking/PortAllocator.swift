// SPDX-License-Identifier: GPL-2.0-or-later

/// Reserves the endpoints of expectations, so that NAT does not lend an endpoint twice, and no client gets
/// all of them.
///
/// An endpoint is reserved for one connecting address: first by expectations, then by the data connection
/// that used it, and afterwards for as long as the conntrack entry or a peer's TIME_WAIT may last. During
/// that time NAT lends it only for the same target (contract A6).
struct PortAllocator {
    /// A pair of connecting address and endpoint, stored as a hash, because each expectation has one.
    ///
    /// The seed is secret, so two pairs collide only by chance, with a probability of 2^-64.
    struct Place: Hashable {
        private let hash: UInt64

        init(from sender: IPAddress, to endpoint: Endpoint) {
            self.init(Tracker.Key(from: sender, to: endpoint))
        }

        init(_ key: Tracker.Key) { hash = PortAllocator.hash(key) }
    }

    /// Seconds for which an endpoint rests: twice the 60 s of TIME_WAIT, which is how long conntrack keeps a
    /// closed connection.
    static let restSeconds: UInt32 = 120
    /// Maximum number of resting endpoints; beyond it, the one that has rested longest is freed early.
    static let maximumResting = 16384
    /// Maximum number of ports lent to one client: a quarter of the unprivileged ports of an address.
    static let maximumShare = (65536 - 1024) / 4
    /// The ports that NAT may lend by default (`nat-ports`).
    static let usualRange: ClosedRange<UInt16> = 1024...65535

    /// What an endpoint is reserved for.
    enum Holder {
        /// An open expectation.
        case expectation
        /// A data connection, or late packets of one.
        case connection
    }

    /// A reserved endpoint.
    private struct Holding {
        /// Hash of the endpoint that it leads to.
        var target: UInt64
        /// Number of reservations.
        var count: UInt32 = 0
        /// Number of reservations by expectations.
        var expectations: UInt32 = 0
    }

    /// The lent ports of a client.
    private struct Share {
        /// Number of reservations, including resting ones.
        var count = 0
        /// Places of the first and last resting endpoint in `rests`; 0 if there is none.
        var firstResting = 0
        var lastResting = 0
    }

    /// A resting endpoint.
    ///
    /// It is linked to the endpoints that have rested for longer and for less time, where place 0 is both
    /// before the first and behind the last, and to the next one of its client.
    private struct Rest {
        var place: Place
        var client: Client
        var until: Instant
        var previous: Int
        var next: Int
        var nextOwn = 0
    }

    private var holdings: [Place: Holding] = [:]
    private var shares: [Client: Share] = [:]
    private var rests: [Rest] = []
    /// Unused places in `rests`.
    private var freePlaces: [Int] = []
    /// Number of resting endpoints.
    private(set) var restingCount = 0

    /// Tells whether a place may lead to a target: it leads to no other target, and no expectation has
    /// reserved it.
    func isFree(_ place: Place, for target: Endpoint) -> Bool {
        guard let holding = holdings[place] else { return true }
        return holding.target == PortAllocator.hash(target) && holding.expectations == 0
    }

    /// Number of ports reserved by a client, including resting ones.
    func count(of client: Client) -> Int { shares[client]?.count ?? 0 }

    /// Number of clients with reserved ports.
    var clientCount: Int { shares.count }

    /// Reserves a place that leads to a target.
    ///
    /// `client` is the client if NAT lends the port, else `nil`.
    mutating func reserve(
        _ place: Place,
        leadingTo target: Endpoint,
        by holder: Holder,
        for client: Client?
    ) {
        holdings[place, default: Holding(target: PortAllocator.hash(target))].count += 1
        if holder == .expectation { holdings[place]?.expectations += 1 }
        if let client { shares[client, default: Share()].count += 1 }
    }

    /// Undoes one `reserve` with the same place, holder and client.
    mutating func free(_ place: Place, by holder: Holder, for client: Client?) {
        guard var holding = holdings[place] else { return }
        if holder == .expectation, holding.expectations > 0 { holding.expectations -= 1 }
        holding.count -= 1
        holdings[place] = holding.count > 0 ? holding : nil
        guard let client, let share = shares[client] else { return }
        if share.count > 1 { shares[client]?.count -= 1 } else { shares[client] = nil }
    }

    /// Frees a place of a client after `restSeconds`.
    mutating func rest(_ place: Place, for client: Client, at now: Instant) {
        if restingCount >= PortAllocator.maximumResting { endRest(at: rests[0].next) }
        if rests.isEmpty {
            let none = Rest(place: place, client: client, until: now, previous: 0, next: 0)
            rests.append(none)
        }
        let rest = Rest(
            place: place,
            client: client,
            until: now.advanced(bySeconds: PortAllocator.restSeconds),
            previous: rests[0].previous,
            next: 0
        )
        let index = freePlaces.popLast() ?? rests.count
        if index == rests.count { rests.append(rest) } else { rests[index] = rest }
        rests[rest.previous].next = index
        rests[0].previous = index
        restingCount += 1
        var share = shares[client] ?? Share()
        if share.lastResting == 0 {
            share.firstResting = index
        } else {
            rests[share.lastResting].nextOwn = index
        }
        share.lastResting = index
        shares[client] = share
    }

    /// Chooses the port that is to lead to a target: the target's own port if it is free, else a random one
    /// in `range`.
    ///
    /// - Parameters:
    ///   - address: the address that NAT shows in place of the target's.
    ///   - senders: the addresses of which one will connect.
    ///   - target: the endpoint that the data connection is led to.
    ///   - range: the ports that may be lent if the target's own is not free.
    ///   - client: the client whose share the port counts for.
    ///   - now: the time.
    ///   - random: the source of randomness: nobody must be able to predict the port.
    /// - Returns: the port; `nil` if none is free, or the client has its maximum and none of its ports rests.
    mutating func choose(
        of address: IPAddress,
        from senders: [IPAddress],
        leadingTo target: Endpoint,
        within range: ClosedRange<UInt16>,
        for client: Client,
        at now: Instant,
        random: inout some RandomNumberGenerator
    ) -> UInt16? {
        while restingCount > 0, rests[rests[0].next].until <= now { endRest(at: rests[0].next) }
        while let share = shares[client], share.count >= PortAllocator.maximumShare {
            guard share.firstResting > 0 else { return nil }
            endRest(at: share.firstResting)
        }
        func isFree(_ port: UInt16) -> Bool {
            senders.allSatisfy {
                self.isFree(Place(from: $0, to: Endpoint(address, port)), for: target)
            }
        }
        if isFree(target.port) { return target.port }
        // If one port in ten is free, fewer than one search in 10^9 gets beyond this loop.
        for _ in 0..<256 {
            let port = UInt16.random(in: range, using: &random)
            if isFree(port) { return port }
        }
        return range.first(where: isFree)
    }

    private static func hash(_ value: some Hashable) -> UInt64 {
        var hasher = Hasher()
        value.hash(into: &hasher)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Frees a resting endpoint; it must be the one of its client that has rested longest.
    private mutating func endRest(at index: Int) {
        let rest = rests[index]
        rests[rest.previous].next = rest.next
        rests[rest.next].previous = rest.previous
        freePlaces.append(index)
        restingCount -= 1
        shares[rest.client]?.firstResting = rest.nextOwn
        if rest.nextOwn == 0 { shares[rest.client]?.lastResting = 0 }
        free(rest.place, by: .connection, for: rest.client)
    }
}
