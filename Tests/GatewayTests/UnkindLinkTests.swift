// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization
import Testing

/// Links with loss, reordering and duplicates, and long connections: every transfer completes.
@Suite struct UnkindLinkTests {
    /// Where packets get lost, as a table and a chain of the gateway.
    enum Loss: String, CaseIterable {
        /// Lost packets never reach Pinhole, which sees their retransmissions as new.
        case beforePinhole = "raw PREROUTING"
        /// Pinhole sees everything, and has to do everything again the same way.
        case behindPinhole = "mangle POSTROUTING"
        case both = "raw PREROUTING, mangle POSTROUTING"
    }

    @Test(
        .gateway,
        arguments: [Topology.shorterSNAT, .longerSNAT, .bothNATs],
        Loss.allCases
    )
    func `every transfer completes with a packet loss of ten percent in each direction`(
        topology: Topology,
        loss: Loss
    ) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.hurryRetransmissions()
            for place in loss.rawValue.split(separator: ", ") {
                try await gateway.lose(inTen: place)
            }
            try await withThrowingTaskGroup { group in
                for _ in 1...4 {
                    group.addTask { try await gateway.loop("PORT,PASV,EPRT,EPSV", 8, transferEvery: 1) }
                }
                try await group.waitForAll()
            }
            let lost = try await gateway.lost()
            try #require(lost.count == 2 * loss.rawValue.split(separator: ",").count)
            try #require(lost.allSatisfy { $0 > 0 }, "lost \(lost)")
        }
    }

    @Test(.gateway)
    func `every transfer completes with packet loss and a killed daemon`() async throws {
        try await Gateway.with(.bothNATs) { gateway in
            try await gateway.loadRules()
            var daemon = try await gateway.startDaemon()
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            try await gateway.hurryRetransmissions()
            for place in ["raw PREROUTING", "mangle POSTROUTING"] {
                try await gateway.lose(inTen: place[...])
            }
            let areOver = Flag()
            async let loops: Void = withThrowingTaskGroup { group in
                for _ in 1...4 {
                    group.addTask { try await gateway.loop("PORT,PASV,EPRT,EPSV", 8, transferEvery: 1) }
                }
                defer { areOver.isSet.withLock { $0 = true } }
                try await group.waitForAll()
            }
            for number in 1...4 {
                let before: StatisticsReport = try await gateway.report("stats")
                try await poll(for: "something to happen") {
                    // On a busy machine the last of the kills may come too late.
                    if number > 2, areOver.isSet.withLock({ $0 }) { return true }
                    return try await gateway.report("stats", as: StatisticsReport.self).expectations_used
                        > before.expectations_used
                }
                _ = try await daemon.stop("KILL")
                daemon = try await gateway.startDaemon()
            }
            try await loops
        }
    }

    /// This kernel may have no `sch_netem`, so the link is a script between two TUN devices.
    @Test(.gateway, arguments: [Topology.routed, .shorterSNAT, .longerSNAT, .bothNATs])
    func `every transfer completes with reordered control packets`(topology: Topology) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            let link = try await gateway.replaceClientLink()
            try await gateway.hurryRetransmissions()
            for mode in topology.modes {
                let arguments = [topology.dialled, "21", mode.rawValue, "bytes", "3", gateway.payloadPath]
                let outcome = try await gateway.script("cutclient", arguments, on: .client, seconds: 60)
                try #require(outcome.output == "done 3\n", "\(outcome)")
            }
            let status = try await link.finish()
            try #require(status == 0, "\(link.text)")
            let report = try #require(link.text.firstMatch(of: /swapped (\d+), repeated (\d+)/))
            let (swapped, repeated) = (try #require(Int(report.1)), try #require(Int(report.2)))
            try #require(swapped > 50 && repeated > 10, "\(link.text)")
        }
    }

    @Test(
        .gateway,
        arguments: [
            (Topology.shorterSNAT, "PORT"), (.longerSNAT, "PORT"), (.shorterDNAT, "PASV"),
            (.bothNATs, "PORT,PASV"),
        ]
    )
    func `a control connection survives a thousand edits`(topology: Topology, modes: String) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            try await gateway.loop(modes, 1000, transferEvery: 25)
            try await daemon.said("edits=1000 opened=1000 used=40 refused=0")
            try await gateway.comesToRest()
        }
    }
}

extension Gateway {
    /// Runs so many announcements on one control connection, and those transfers that belong to them.
    fileprivate func loop(_ modes: String, _ count: Int, transferEvery every: Int) async throws {
        let arguments = [topology.dialled, "21", modes, String(count), String(every), payloadPath]
        let outcome = try await script("loop", arguments, on: .client, seconds: 150)
        try #require(outcome.output == "done \(count)\n", "\(outcome)")
    }

    /// Lets client and server send again after 20 ms instead of 200, and after a second at most: a link without delay needs
    /// no more.
    ///
    /// What an acknowledgement's loss takes counts as the link's own time, with timestamps even more, and so each loss lets
    /// the next wait for longer: soon some seconds, which double when a retransmission is lost as well, with Pinhole or
    /// without. Kernels before 6.15 have no such limit.
    fileprivate func hurryRetransmissions() async throws {
        for host in ["client", "server"] {
            let script = """
                ip -n \(host) route replace $(ip -n \(host) route show default) rto_min 20ms
                ip netns exec \(host) sysctl -qw net.ipv4.tcp_timestamps=0
                # Without timestamps, a server cannot connect again to a port that a client happens to announce twice.
                ip netns exec \(host) sysctl -qw net.ipv4.tcp_max_tw_buckets=0
                [ ! -e /proc/sys/net/ipv4/tcp_rto_max_ms ] || ip netns exec \(host) sysctl -qw net.ipv4.tcp_rto_max_ms=1000
                """
            try await lab.require(["sh", "-ec", script])
        }
    }

    /// Loses one control packet in ten, each way, in a chain of the gateway: `TABLE CHAIN`.
    ///
    /// Not those with SYN: a server sends its own only six times, and if each of these or its answer is lost, as happens once
    /// in 600 connections, it has forgotten the client by the time that this gives up waiting for a greeting.
    fileprivate func lose(inTen place: Substring) async throws {
        let words = place.split(separator: " ").map(String.init)
        for direction in ["--dport", "--sport"] {
            let chain = ["iptables", "-t", words[0], "-I", words[1], "-p", "tcp", direction, "21"]
            let chance = ["-m", "statistic", "--mode", "random", "--probability", "0.1", "-j", "DROP"]
            try await lab.require(chain + ["!", "--tcp-flags", "SYN", "SYN"] + chance, on: .gateway)
        }
    }

    /// How many packets each of those rules has lost.
    fileprivate func lost() async throws -> [Int] {
        try await lab.require(["iptables-save", "-c"], on: .gateway).split(separator: "\n")
            .filter { $0.contains("-m statistic") }
            .compactMap { Int($0.dropFirst().prefix { $0 != ":" }) }
    }

    /// Puts a link that reorders and repeats in the place of the one between client and gateway.
    fileprivate func replaceClientLink() async throws -> Service {
        try await lab.require(["ip", "-n", "client", "link", "del", "gateway"])
        let arguments = ["client", "gateway", "gateway", "client", "3"]
        let words = ["/usr/bin/python3", "-B", try Files.script("link")] + arguments
        let link = try lab.start(words, as: "link", on: .gateway)
        try await link.said("up")
        let router = "10.1.0.1"
        let client = topology.client
        var commands = [
            "ip -n client addr add \(client)/32 dev gateway", "ip -n client link set gateway up",
            "ip -n client route add \(router) dev gateway src \(client)",
            "ip -n client route add default via \(router)",
            "ip -n gateway addr add \(router)/32 dev client", "ip -n gateway link set client up",
            "ip -n gateway route add \(client) dev client",
        ]
        if let known = topology.serverKnownAs {
            commands.append("ip -n gateway addr add \(known) dev client")
        }
        try await lab.require(["sh", "-ec", commands.joined(separator: "\n")])
        return link
    }
}

/// What one task tells another.
private final class Flag: Sendable {
    let isSet = Mutex(false)
}
