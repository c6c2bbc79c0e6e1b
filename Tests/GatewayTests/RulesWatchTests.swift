// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// Others take Pinhole's rules away, and `pinhole rules watch` puts them back.
@Suite struct RulesWatchTests {
    /// What happens on a gateway in the course of its days.
    enum Removal: String, CaseIterable {
        case reloadOfNFTables = "nft flush ruleset, and the firewall loaded again"
        case restore = "iptables-restore of a firewall without them"
        case flush = "iptables -F in every table"
        case front = "a rule in front of them that accepts everything"
        case destruction = "flush of the tables and of the sets"

        /// Those that reach the rules of the backend that is tried; what iptables does does not reach those of nftables.
        static let all: [Removal] =
            Gateway.backend == "nft" ? [.reloadOfNFTables, .flush, .destruction] : allCases

        /// A script; `firewall` and `firewall6` are the gateway's own rules.
        var script: String {
            let tables = "for t in mangle raw; do"
            let isNFT = Gateway.backend == "nft"
            return switch self {
            case .flush where isNFT: "nft flush table inet pinhole"
            case .destruction where isNFT: "nft delete table inet pinhole"
            case .reloadOfNFTables:
                "nft flush ruleset; iptables-restore <firewall; ip6tables-restore <firewall6"
            case .restore:
                "printf '*raw\\nCOMMIT\\n' | iptables-restore; iptables-restore <firewall; ip6tables-restore <firewall6"
            case .flush: "\(tables) iptables -t $t -F; ip6tables -t $t -F; done"
            case .front: "\(tables) iptables -t $t -I PREROUTING -j ACCEPT; done"
            case .destruction:
                "for program in iptables ip6tables; do printf '*mangle\\nCOMMIT\\n*raw\\nCOMMIT\\n' | $program-restore; done; "
                    + "ipset destroy pinhole4; ipset destroy pinhole6"
            }
        }
    }

    @Test(.gateway, arguments: Removal.all)
    func `FTP works again within a second after the rules are removed`(removal: Removal) async throws {
        let topology = Topology.longerSNAT
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.writeFirewall()
            let watch = try await gateway.startWatch()
            _ = try await gateway.startDaemon()
            let failure = try await gateway.fetch(with: .curl, .port)
            try #require(failure == nil)

            try await gateway.remove(removal.script, before: watch)
            let seconds = try await gateway.secondsUntilRepaired(by: watch)
            let failureAfter = try await gateway.fetch(with: .curl, .port)
            try #require(failureAfter == nil, "\(watch.text)")
            try Figures.note(
                "\(removal.rawValue): seconds until healed",
                seconds,
                .atMost(Double(Gateway.slowness)),
                "s"
            )

            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.expectations_used == 2 && statistics.rules["loaded"] == 1)
            try #require(statistics.rules["repaired", default: 0] > 0)
            let lost = statistics.queue["dropped"] ?? -1
            try Figures.note("\(removal.rawValue): packets lost", lost, .equal(0))
            try await gateway.comesToRest()
        }
    }

    @Test(
        .gateway,
        arguments: [Topology.longerSNAT, .shorterSNAT, .masqueraded, .longerDNAT, .bothNATs]
    )
    func `rewritten sessions go on or are reset, and none hangs`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            let watch = try await gateway.startWatch()
            _ = try await gateway.startDaemon()
            let words = ["/usr/bin/python3", "-B", try Files.script("chatter")]
            let seconds = String(15 * Gateway.slowness)
            let arguments = [topology.dialled, String(topology.port), "16", seconds]
            let chatter = try gateway.lab.start(words + arguments, as: "chatter", on: .client)
            try await chatter.said("ready\n")
            for turn in 1...6 {
                try await gateway.lab.require(["sh", "-ec", Removal.flush.script], on: .gateway)
                try await poll(for: "repair \(turn)") {
                    watch.lines.count { $0.contains("event=rules-repaired") } >= turn
                }
            }
            try chatter.say("")
            try await chatter.said("done\n")
            let counts = chatter.figures
            for name in ["silent", "garbled"] {
                try Figures.note("rules gone six times, \(topology), \(name)", counts[name] ?? -1, .equal(0))
            }
            try #require(counts["replies", default: 0] > 0, "\(chatter.text)")
        }
    }

    /// A connection that is being opened just then would be refused, and with iptables counters begin anew; with nftables, they
    /// do so at each loading.
    @Test(
        .gateway,
        arguments: [
            [], ["--bypass-mark", "0x1000"], ["--synproxy", "--bypass"], ["--ftps", "10.2.0.2=49000-50000"],
        ]
    )
    func `loaded rules are left alone at the start`(options: [String]) async throws {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules(options)
            let daemon = try await gateway.startDaemon(options.first == "--bypass-mark" ? options : [])
            let failure = try await gateway.fetch(with: .curl, .epsv)
            try #require(failure == nil)
            let script =
                Gateway.backend == "nft"
                ? "nft --stateless list table inet pinhole" : "iptables-save -c | grep PINHOLE"
            let before = try await gateway.lab.require(["sh", "-c", script], on: .gateway)
            try #require(before.contains { $0.isNumber })
            _ = try await gateway.startWatch(options)
            try await gateway.loadRules(options)
            let after = try await gateway.lab.require(["sh", "-c", script], on: .gateway)
            try #require(after == before, "\(daemon.text)")
        }
    }

    @Test(.gateway)
    func `queued packets stay in the queue while rules are loaded, checked and repaired`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let stage = try gateway.startStage()
            try await stage.logIn()
            try await gateway.lab.require(["kill", "-STOP", String(daemon.identifier)])
            try await stage.send(.client, "NOOP\r\n")
            try await poll(for: "a packet to wait") { try await gateway.waiting() > 0 }

            let watch = try await gateway.startWatch()
            let before = try await gateway.waiting()
            let others =
                "iptables -t mangle -A INPUT -p udp; nft add table inet other; nft delete table inet other"
            try await gateway.lab.require(["sh", "-ec", others], on: .gateway)
            if Gateway.backend != "nft" {
                try await gateway.lab.require(["iptables", "-t", "mangle", "-F", "PREROUTING"], on: .gateway)
                try await watch.said("event=rules-repaired")
            }
            try await #require(gateway.waiting() >= before)
            try await gateway.lab.require(["kill", "-CONT", String(daemon.identifier)])
            daemon.program.resume()
            try await stage.say(.server, "200 ok\r\n")
        }
    }

    @Test(.gateway)
    func `an open expectation is open again after the rules are repaired`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            let watch = try await gateway.startWatch()
            _ = try await gateway.startDaemon()
            let session = try await gateway.logIn()
            try session.say("EPSV")
            try await session.said("229 ")
            let port = try session.extendedPort()
            try await gateway.remove(Removal.destruction.script, before: watch)
            _ = try await gateway.secondsUntilRepaired(by: watch)
            let status = try await gateway.pinhole("status").output
            try #require(status.contains(" ago, put back once\n"), "\(status)")
            try await poll(for: "the member") { try await gateway.members().count == 1 }
            let state = try await gateway.probe(gateway.topology.dialled, port, from: .client)
            try #require(state == "connected")
        }
    }

    @Test(
        .gateway,
        arguments: Gateway.backend == "nft"
            ? [
                "nft flush set inet pinhole pinhole4",
                "nft delete element inet pinhole pinhole4 {$(cat member)}",
            ]
            : [
                "ipset flush",
                "ipset save >sets; ipset flush; ipset restore -exist <sets; ipset flush pinhole4",
                "ipset create other hash:ip,port,ip timeout 300; ipset swap pinhole4 other; ipset destroy other",
            ]
    )
    func `an open expectation is open again after others have emptied the sets`(script: String) async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            // With iptables the daemon notices it by itself.
            let isNFT = Gateway.backend == "nft"
            if isNFT { _ = try await gateway.startWatch() } else { try await gateway.loadRules() }
            let daemon = try await gateway.startDaemon()
            let session = try await gateway.logIn()
            try session.say("EPSV")
            try await session.said("229 ")
            let port = try session.extendedPort()
            try gateway.lab.write(await gateway.members().joined(separator: ","), to: "member")
            try await gateway.lab.require(["sh", "-ec", "cd \(Lab.folder); \(script)"], on: .gateway)
            let begin = ContinuousClock.now
            try await poll(for: "the member") { try await gateway.members().count == 1 }
            let seconds = (ContinuousClock.now - begin) / .seconds(1)
            let most = 1.5 * Double(Gateway.slowness)
            try Figures.note("emptied sets: seconds until healed", seconds, .atMost(most), "s")
            if !isNFT { try await daemon.said("fault=emptied-set") }
            let state = try await gateway.probe(gateway.topology.dialled, port, from: .client)
            try #require(state == "connected")
        }
    }

    @Test(.gateway)
    func `a program that keeps removing rules is named, and repairs are limited to two a second`()
        async throws
    {
        let isNFT = Gateway.backend == "nft"
        let script = isNFT ? "nft flush table inet pinhole" : "iptables -t mangle -F"
        try await Gateway.with(.routed) { gateway in
            let watch = try await gateway.startWatch()
            let begin = ContinuousClock.now
            try await poll(for: "the contest to be noticed") {
                try await gateway.lab.require(["sh", "-ec", script], on: .gateway)
                return watch.text.contains("event=rules-contested")
            }
            let seconds = (ContinuousClock.now - begin) / .seconds(1)
            let repairs = watch.lines.count { $0.contains("event=rules-repaired") }
            try #require(Double(repairs) <= 2 * seconds + 1)
            let line = try #require(watch.lines.last { $0.contains("event=rules-contested") })
            try #require(line.contains(" by=\"\(isNFT ? "nft" : "iptables"), process "), "\(line)")
        }
    }

    @Test(.gateway)
    func `rules that cannot be repaired are reported as an error at once and in a gauge`() async throws {
        guard Gateway.backend != "nft" else { return }
        try await Gateway.with(.routed) { gateway in
            let watch = try await gateway.startWatch()
            _ = try await gateway.startDaemon()
            let removal = "\(Removal.destruction.script); ipset create pinhole4 hash:ip"
            try await gateway.remove(removal, before: watch)
            try await watch.said("level=error event=rules-missing missing=\"set pinhole4")
            try await poll(for: "the gauge") {
                try await gateway.report("stats", as: StatisticsReport.self).rules["loaded"] == 0
            }
            try await gateway.lab.require(["ipset", "destroy", "pinhole4"], on: .gateway)
            try await poll(for: "the rules to be back") {
                try await gateway.report("stats", as: StatisticsReport.self).rules["loaded"] == 1
            }
            try await watch.said("event=rules-repaired")
        }
    }
}

extension Service {
    /// The lines NAME=VALUE that it has written.
    var figures: [String: Int] {
        var figures: [String: Int] = [:]
        for line in lines {
            let parts = line.split(separator: "=")
            if parts.count == 2, let value = Int(parts[1]) { figures[String(parts[0])] = value }
        }
        return figures
    }
}

extension Gateway {
    /// Starts `pinhole rules watch` and waits until it has loaded the rules.
    fileprivate func startWatch(_ options: [String] = []) async throws -> Service {
        let backend = ["--backend", Gateway.backend ?? "iptables"]
        let words = [try Files.pinhole(), "rules", "watch"] + backend + options
        let watch = try lab.start(words, as: lab.newName("watch"), on: .gateway)
        try await watch.said("event=rules-watched")
        return watch
    }

    /// Runs a script that removes rules, all of it before the watch sees anything of it.
    fileprivate func remove(_ script: String, before watch: Service) async throws {
        try await lab.require(["kill", "-STOP", String(watch.identifier)])
        try await lab.require(["sh", "-ec", "cd \(Lab.folder); \(script)"], on: .gateway)
        try await lab.require(["kill", "-CONT", String(watch.identifier)])
        watch.program.resume()
    }

    /// Writes the gateway's own rules to files, as an administrator has them saved.
    fileprivate func writeFirewall() async throws {
        for (name, isIPv6) in [("firewall", false), ("firewall6", true)] {
            try lab.write(Firewall(for: topology).rules(isIPv6: isIPv6), to: name)
        }
    }

    /// Seconds until the rules are whole after the last change, as the watch's next lines tell and the kernel has it.
    fileprivate func secondsUntilRepaired(by watch: Service) async throws -> Double {
        let begin = ContinuousClock.now
        try await poll(for: "the rules to be back") {
            guard watch.text.contains("event=rules-repaired") else { return false }
            guard Gateway.backend != "nft" else { return try await table().contains("queue") }
            let rules = try await rules()
            let hasFront = rules.contains { $0.hasPrefix("-A PREROUTING") && $0.hasSuffix("-j ACCEPT") }
            return rules.count { $0.contains("-j NFQUEUE") } == 30
                && (!hasFront || watch.text.contains("order in "))
        }
        return (ContinuousClock.now - begin) / .seconds(1)
    }

    /// How many packets wait in the queues.
    fileprivate func waiting() async throws -> Int {
        try await lab.require(["cat", "/proc/net/netfilter/nfnetlink_queue"], on: .gateway)
            .split(separator: "\n").compactMap { line in
                let numbers = line.split(separator: " ").compactMap { Int($0) }
                return numbers.count > 2 ? numbers[2] : nil
            }.reduce(0, +)
    }
}
