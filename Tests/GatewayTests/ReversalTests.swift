// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Conntrack forgets a connection, and the server is the first to say something on it.
@Suite struct ReversalTests {
    @Test(.gateway, arguments: [Topology.routed, .routed6])
    func `a session goes on when conntrack takes the server for the originator`(
        topology: Topology
    ) async throws {
        try await Gateway.withStage(topology) { gateway, stage in
            try await gateway.letServersSpeakFirst()
            try await stage.logIn()
            try await stage.announce(topology, 5001)
            for round in 1...3 {
                try await gateway.reverse(stage, round)
                try await stage.say(.client, "NOOP\r\n")
                try await stage.say(.server, "200 ok\r\n")
                try await stage.announce(topology, 5001 + round)
                let open: [ExpectationReport] = try await gateway.report("expectations")
                try #require(open.count == 1 && open[0].to.hasSuffix(":\(5001 + round)"), "\(open)")
            }
            // Found again by the client, it is the right way round.
            try await gateway.lab.require(["conntrack", "-F"], on: .gateway)
            try await stage.say(.client, "NOOP\r\n")
            try await stage.say(.server, "200 ok\r\n")
            try await stage.announce(topology, 5100)
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.connections_total == 1 && statistics.edits == (topology.isIPv6 ? 0 : 5))
            for end in [Stage.End.client, .server] { try await stage.close(end) }
            try await gateway.forgets()
        }
    }

    @Test(.gateway)
    func `a session in a reversed entry goes on after a restart`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let stage = try gateway.startStage()
            try await gateway.letServersSpeakFirst()
            try await stage.logIn()
            try await stage.announce(.routed, 5001)
            try await gateway.reverse(stage, 1)
            try await #require(daemon.stop("KILL") == 128 + 9)
            let next = try await gateway.startDaemon()
            try await next.said("event=restored connections=1 dropped=0")
            try await stage.say(.server, "226 done\r\n")
            try await stage.announce(.routed, 5002)
            for end in [Stage.End.client, .server] { try await stage.close(end) }
            try await gateway.forgets()
        }
    }

    /// A client with a control port as its source port has opened its connection, whatever conntrack thinks.
    @Test(.gateway)
    func `a connection from a control port is not followed`() async throws {
        try await Gateway.withPinhole(.routed) { gateway in
            let words = [
                "iptables", "-I", "FORWARD", "-p", "tcp", "-m", "conntrack", "--ctstate", "NEW", "-j",
                "ACCEPT",
            ]
            try await gateway.lab.require(words, on: .gateway)
            try await gateway.requireScript("fromport", ["10.2.0.2", "8080", "21"])
            // Only what conntrack had forgotten, and then not even the second packet.
            let queued = try await gateway.queued()
            try #require(queued >= 1 && queued <= 3, "\(queued) packets")
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.connections_total == 0)
            try await #require(gateway.members().isEmpty)
        }
    }
}

extension Stage {
    /// Lets the server announce itself at a port, in a way that has to be rewritten where there is one.
    fileprivate func announce(_ topology: Topology, _ port: Int) async throws {
        guard !topology.isIPv6 else {
            try await say(.client, "EPSV\r\n")
            try await say(.server, "229 ok (|||\(port)|)\r\n")
            return
        }
        let end = ",\(port / 256),\(port % 256))\r\n"
        try await say(.client, "PASV\r\n")
        let own = topology.server.split(separator: ".").joined(separator: ",")
        try await say(.server, "227 ok (0,0,0,0" + end, read: "227 ok (" + own + end)
    }
}

extension Gateway {
    /// Waits until no connection is followed any more; the last of its packets may still come, and are translated.
    fileprivate func forgets() async throws {
        try await poll(for: "the connections to end") {
            try await report("connections", as: [ConnectionReport].self).isEmpty
        }
        let statistics: StatisticsReport = try await report("stats")
        try #require(statistics.errors.allSatisfy { $0.value == 0 }, "\(statistics.errors)")
    }

    /// Lets packets from the server's port through that are of no known connection: a gateway that filters nothing.
    fileprivate func letServersSpeakFirst() async throws {
        for tool in ["iptables", "ip6tables"] {
            for chain in ["FORWARD", "OUTPUT"] {
                let match = [
                    "-p", "tcp", "--sport", "21", "-m", "conntrack", "--ctstate", "NEW", "-j", "ACCEPT",
                ]
                try await lab.require([tool, "-I", chain] + match, on: .gateway)
            }
        }
    }

    /// Makes conntrack forget everything, and the server say something before the client does.
    ///
    /// An acknowledgement that the client had put off may come in between: then once more.
    fileprivate func reverse(_ stage: Stage, _ round: Int) async throws {
        for attempt in 1...20 {
            try await lab.require(["conntrack", "-F"], on: .gateway)
            try await stage.say(.server, "226-\(round), \(attempt)\r\n226 done\r\n")
            let family = topology.isIPv6 ? "ipv6" : "ipv4"
            let entries = try await lab.require(["conntrack", "-L", "-f", family, "-p", "tcp"], on: .gateway)
            guard !entries.contains(/src=\S+ dst=\S+ sport=21 dport=\d+ .*src=/) else { return }
        }
        throw HarnessError("conntrack knows every time who has opened the connection")
    }
}
