import Foundation
import Testing

/// FTPS, where nothing can be read and only the right ones get through.
///
/// With `PINHOLE_FTPS` in the environment every server and every client in every mode; else some of them.
@Suite struct FTPSTests {
    private static let isFull = ProcessInfo.processInfo.environment["PINHOLE_FTPS"] != nil

    /// The same with another control port.
    private static func topology(_ topology: Topology, _ port: Int) -> Topology {
        var other = topology
        other.port = port
        return other
    }

    static let servers: [SecureServer] = {
        guard isFull else {
            return [
                SecureServer(topology: topology(.masqueraded, 2221), requiresReuse: false),
                SecureServer(topology: topology(.bothNATs, 990), isImplicit: true),
                SecureServer(topology: .routed6),
            ]
        }
        return [Topology.routed, .masqueraded, .longerDNAT, .bothNATs, .routed6, .masqueraded6].flatMap {
            place in
            [21, 2221].flatMap { port in
                [true, false].map { SecureServer(topology: topology(place, port), requiresReuse: $0) }
            } + [SecureServer(topology: topology(place, 990), isImplicit: true)]
        }
    }()

    @Test(.timeLimit(.minutes(10)), arguments: servers)
    func `files pass over TLS, related to their control connection, and fail without Pinhole`(
        server: SecureServer
    ) async throws {
        try await Gateway.with(server.topology) { gateway in
            _ = try await gateway.start(server)
            let modes = server.topology.isIPv6 ? [Mode.epsv] : [.pasv, .epsv]
            let failure = try await gateway.fetch(with: .curl, from: server, modes[0], seconds: 6)
            try #require(failure != nil)
            let daemon = try await gateway.startDaemon(for: server)
            let clients =
                Self.isFull
                ? SecureClient.allCases.map { ($0, modes) }
                : [(.ftplib, modes), (.curl, [.epsv]), (.lftp, [modes[0]])]
            for (client, modes) in clients {
                for mode in modes {
                    let before = try await gateway.related()
                    let failure = try await gateway.fetch(with: client, from: server, mode)
                    try #require(failure == nil, "\(client) with \(mode)")
                    let after = try await gateway.related()
                    try #require(after.marked > before.marked, "\(client) with \(mode) was not RELATED")
                    try #require(after.unmarked == 0)
                }
            }
            try await gateway.comesToRest()
            try #require(await daemon.stop() == 0)
        }
    }
}
