/// Endpoints that expectations hold, so that NAT lends none to two at once, and no client has all of them.
///
/// An endpoint is held towards an address that connects to it: by each expectation, then by the data connection that used it, and
/// after that for as long as its conntrack entry or a peer's TIME_WAIT may last. All that time it leads to one other endpoint,
/// which may have it again at any time (contract A6).
struct PortAllocator {
    /// Who connects, and to what: a hash of both, since each expectation has one.
    ///
    /// Nobody outside knows the seed, so two are alike by chance only, once in 2^64 times.
    struct Place: Hashable {
        private let hash: UInt64

        init(from sender: IPAddress, to endpoint: Endpoint) {
            self.init(Tracker.Key(from: sender, to: endpoint))
        }

        init(_ key: Tracker.Key) { hash = PortAllocator.hash(key) }
    }

    /// Seconds that an endpoint rests: twice the 60 s of TIME_WAIT, which is what conntrack keeps a closed connection.
    static let restSeconds: UInt32 = 120
    /// Endpoints that may rest at once; beyond, the one that has rested longest is free early.
    static let maximumResting = 16384
    /// Ports that NAT lends at the most to the data connections of one client: a quarter of those that an address has.
    static let maximumShare = (65536 - 1024) / 4
    /// Ports that NAT may lend unless something else is said (`nat-ports`).
    static let usualRange: ClosedRange<UInt16> = 1024...65535

    /// What holds an endpoint.
    enum Holder {
        /// An expectation that is open.
        case expectation
        /// The data connection that used one, or what may be late of it.
        case connection
    }

    /// An endpoint that is held.
    private struct Holding {
        /// Where it leads to, as a hash.
        var target: UInt64
        /// How often it is held.
        var count: UInt32 = 0
        /// How often by an expectation.
        var expectations: UInt32 = 0
    }

    /// What a client has of the ports that NAT lends.
    private struct Share {
        /// How often it holds one, those that rest counted too.
        var count = 0
        /// Places of those that rest; 0 for none.
        var firstResting = 0
        var lastResting = 0
    }

    /// An endpoint that rests.
    ///
    /// It knows those that have rested for longer and less long by their places, where the one at place 0 is before the first
    /// and behind the last, and the next one of its client.
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
    /// Places that nobody has.
    private var freePlaces: [Int] = []
    /// How many endpoints rest.
    private(set) var restingCount = 0

    /// Tells whether NAT may lead a place to a target: nothing leads it elsewhere, and nobody else is expected there.
    func isFree(_ place: Place, for target: Endpoint) -> Bool {
        guard let holding = holdings[place] else { return true }
        return holding.target == PortAllocator.hash(target) && holding.expectations == 0
    }

    /// How many ports a client holds, those that rest counted too.
    func count(of client: Client) -> Int { shares[client]?.count ?? 0 }

    /// How many clients hold any.
    var clientCount: Int { shares.count }

    /// Holds a place, which leads to a target; for that client if it is NAT that lends it.
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

    /// Takes back one `reserve` with the same place, holder and client.
    mutating func free(_ place: Place, by holder: Holder, for client: Client?) {
        guard var holding = holdings[place] else { return }
        if holder == .expectation, holding.expectations > 0 { holding.expectations -= 1 }
        holding.count -= 1
        holdings[place] = holding.count > 0 ? holding : nil
        guard let client, let share = shares[client] else { return }
        if share.count > 1 { shares[client]?.count -= 1 } else { shares[client] = nil }
    }

    /// Releases a place that a client holds once it has rested.
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

    /// Chooses the port of an address that is to lead to a target: the target's own if it is free, else one of a range that
    /// nobody can foresee.
    ///
    /// - Parameters:
    ///   - address: the address that NAT shows instead of the target's.
    ///   - sender: who is to connect to it.
    ///   - target: where the data connection is to be led to.
    ///   - range: ports that may be lent where the target's own is not free.
    ///   - client: whose share it is.
    ///   - now: the time.
    ///   - random: chooses.
    /// - Returns: `nil` if none is free, or the client has its share and none of that rests.
    mutating func choose(
        of address: IPAddress,
        from sender: IPAddress,
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
            self.isFree(Place(from: sender, to: Endpoint(address, port)), for: target)
        }
        if isFree(target.port) { return target.port }
        // Where one of ten is free, fewer than one search in a thousand million goes on behind these.
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

    /// Lets go of an endpoint that rests: of its client the one that has rested longest.
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
