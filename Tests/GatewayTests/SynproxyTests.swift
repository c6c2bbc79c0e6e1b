// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// SYNPROXY in front of the server, which shifts the numbers of connections as edits do (contract B8).
@Suite struct SynproxyTests {
    @Test(.gateway, arguments: [Topology.routed, .routed6])
    func `without NAT every transfer works behind SYNPROXY`(topology: Topology) async throws {
        try await Self.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            for mode in topology.modes {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.expectations_used == topology.modes.count)
            try #require(statistics.refused.allSatisfy { $0.value == 0 }, "\(statistics.refused)")
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway)
    func `an announcement that needs an edit is refused with its reason, and the session goes on`()
        async throws
    {
        try await Self.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd)
            for mode in [Mode.pasv, .epsv] {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
        }
        for topology in [Topology.routed, .masqueraded] {
            try await Self.with(topology) { gateway in
                let stage = try gateway.startStage()
                try await stage.logIn()
                let number = topology.clientSeenAs == nil ? 0 : 1
                for count in 1...3 {
                    if number == 0 {
                        try await stage.say(.client, "PASV\r\n")
                        try await stage.say(.server, "227 ok (0,0,0,0,19,\(137 + count))\r\n")
                    } else {
                        // In pieces, to show that nothing is withheld.
                        for piece in ["PORT 10,1", ",0,2,19,\(137 + count)\r\n"] {
                            try await stage.say(.client, piece)
                        }
                        try await stage.say(.server, "500 that is not you\r\n")
                    }
                    let statistics: StatisticsReport = try await gateway.report("stats")
                    try #require(statistics.refused["seq-adjusted"] == count, "\(statistics.refused)")
                    try #require(statistics.edits == 0 && statistics.expectations_opened == 0)
                    // An announcement without an edit opens.
                    try await stage.say(.client, "NOOP\r\n")
                    try await stage.say(.server, "200 ok\r\n")
                }
                try await stage.say(.client, "EPSV\r\n")
                try await stage.say(.server, "229 ok (|||5001|)\r\n")
                let open: [ExpectationReport] = try await gateway.report("expectations")
                try #require(open.map(\.kind) == ["EPSV"])
                for end in [Stage.End.client, .server] { try await stage.close(end) }
                try await gateway.comesToRest()
            }
        }
    }

    /// A gateway with Pinhole at work that answers for the server until it knows that the client is there.
    private static func with(_ topology: Topology, _ body: (Gateway) async throws -> Void) async throws {
        try await Gateway.with(topology) { gateway in
            let tables = topology.isIPv6 ? "ip6tables" : "iptables"
            let script = """
                sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
                \(tables) -t raw -A PREROUTING -i client -p tcp --dport 21 --syn -j CT --notrack
                \(tables) -I FORWARD -i client -p tcp --dport 21 -m conntrack --ctstate INVALID,UNTRACKED \
                    -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1440
                \(tables) -I OUTPUT -p tcp --sport 21 -m conntrack --ctstate INVALID,UNTRACKED -j ACCEPT
                """
            try await gateway.lab.require(["sh", "-ec", script], on: .gateway)
            try await gateway.loadRules("--synproxy")
            _ = try await gateway.startDaemon()
            try await body(gateway)
            let statistics = try await gateway.lab.require(["cat", "/proc/net/stat/synproxy"], on: .gateway)
            let counts = statistics.split(separator: "\n").dropFirst().flatMap {
                $0.split(separator: "\t").compactMap { UInt32($0, radix: 16) }
            }
            try #require(counts.contains { $0 > 0 }, "SYNPROXY had nothing to do:\n\(statistics)")
        }
    }
}
