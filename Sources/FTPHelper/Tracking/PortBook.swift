/// Endpoints that expectations hold, so that NAT lends none twice.
///
/// An endpoint is held by each expectation towards it, then by the data connection that used it, and after that for as long as
/// its conntrack entry or a peer's TIME_WAIT may last.
struct PortBook {
    /// Seconds that an endpoint rests: twice the 60 s of TIME_WAIT, which is what conntrack keeps a closed connection.
    static let restSeconds: UInt32 = 120
    /// Endpoints that may rest at once; beyond, the one that has rested longest is free early.
    static let maximumResting = 16384

    private var holders: [Endpoint: UInt32] = [:]
    private var resting = Queue<(endpoint: Endpoint, until: Instant)>()

    func isFree(_ endpoint: Endpoint) -> Bool { holders[endpoint] == nil }

    mutating func hold(_ endpoint: Endpoint) { holders[endpoint, default: 0] += 1 }

    mutating func release(_ endpoint: Endpoint) {
        guard let count = holders[endpoint] else { return }
        holders[endpoint] = count > 1 ? count - 1 : nil
    }

    /// Releases an endpoint once it has rested.
    mutating func rest(_ endpoint: Endpoint, at now: Instant) {
        if resting.count >= PortBook.maximumResting { finishFirst() }
        resting.append((endpoint, now.advanced(bySeconds: PortBook.restSeconds)))
    }

    /// Chooses a port of an address: the wanted one if it is free, else one from 1024 on that nobody can foresee.
    mutating func choose(
        _ wanted: UInt16,
        of address: IPAddress,
        at now: Instant,
        random: inout some RandomNumberGenerator
    ) -> UInt16? {
        while let first = resting.first, first.until <= now { finishFirst() }
        if isFree(Endpoint(address, wanted)) { return wanted }
        // Even with nine ports of ten taken, fewer than one search in a thousand million fails.
        for _ in 0..<256 {
            let port = UInt16.random(in: 1024...65535, using: &random)
            if isFree(Endpoint(address, port)) { return port }
        }
        return nil
    }

    private mutating func finishFirst() {
        if let first = resting.first { release(first.endpoint) }
        resting.removeFirst()
    }
}
