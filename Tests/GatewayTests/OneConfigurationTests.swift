// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Daemon and rules take everything from one configuration file.
@Suite struct OneConfigurationTests {
    /// The file, as programs in the lab name it.
    private static let path = "\(Lab.folder)/conf"

    /// Writes the file, loads the rules that it describes, and starts the daemon.
    private static func start(_ gateway: Gateway, with text: String) async throws -> Service {
        try gateway.lab.write(text, to: "conf")
        try await gateway.loadRules(from: path)
        return try await gateway.startDaemon("--config", path)
    }

    @Test(.gateway)
    func `a transfer works at a port that only the configuration names`() async throws {
        try await Gateway.with(.otherPort) { gateway in
            _ = try await gateway.start(.vsftpd)
            _ = try await Self.start(gateway, with: "ports = 2121\n")
            for mode in [Mode.pasv, .port] {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway)
    func `a transfer works through queues that only the configuration names`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd)
            _ = try await Self.start(gateway, with: "queues = 5,6\n")
            let failure = try await gateway.fetch(with: .curl, .pasv)
            try #require(failure == nil)
            try await gateway.comesToRest()
            // The rules are not taken away from the daemon that runs.
            try gateway.lab.write("queues = 7,8\n", to: "conf")
            let loading = try await gateway.pinhole("rules", "load", "--config", Self.path)
            try #require(!loading.hasSucceeded && loading.error.contains("does not have the queues 7,8,9"))
            try await #require(gateway.fetch(with: .curl, .port) == nil)
        }
    }

    @Test(.gateway)
    func `FTPS waits for its rules, and plain FTP does not`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            let server = gateway.topology.server
            let words = ["/usr/bin/python3", "-B", try Files.script("serve"), server, "49100"]
            try await gateway.lab.start(words, as: "listener", on: .server).said("listening")
            let daemon = try await Self.start(gateway, with: "")
            let ftps = "[server \(server)]\nftps-ports = \(SecureServer.ports)\n"
            try gateway.lab.write(ftps, to: "conf")
            let reload = try await gateway.pinhole("reload")
            let warning =
                "warning: encrypted sessions get no help: there is no set pinhole4-sessions, pinhole6-sessions: "
                + "load the rules with: pinhole rules load\n"
            try #require(reload.hasSucceeded && reload.output == warning, "\(reload)")
            try #require(daemon.text.contains("level=error event=ftps-unavailable "))

            let stage = try gateway.startStage()
            try await stage.logIn("plain")
            try await stage.say(.server, "227 =10,2,0,2,19,137\r\n", on: "plain")
            try await stage.speakTLS("encrypted")
            try await #require(gateway.probe(server, 49100, from: .client) == "dropped")

            try await gateway.loadRules(from: Self.path)
            try await daemon.said("event=ftps-available")
            let again = try await gateway.pinhole("reload")
            try #require(again.hasSucceeded && again.output == "", "\(again)")
            try await stage.speakTLS("another")
            try await #require(gateway.probe(server, 49100, from: .client) == "connected")
            let failures = try await gateway.report("stats", as: StatisticsReport.self).errors
            try #require(failures.allSatisfy { $0.value == 0 }, "\(failures)")
        }
    }

    /// Why no daemon answers.
    enum Absence: String, CaseIterable { case wrongFile, killed, paused }

    /// A service manager keeps the sockets of the daemon all the time.
    @Test(.gateway, arguments: Absence.allCases)
    func `a client with an encrypted session reaches other services while no daemon answers`(
        absence: Absence
    ) async throws {
        try await Gateway.with(.routed) { gateway in
            let (own, server) = ("10.1.0.1", gateway.topology.server)
            for (host, address, port) in [(Host.gateway, own, "2200"), (.server, server, "49100")] {
                let words = ["/usr/bin/python3", "-B", try Files.script("serve"), address, port]
                try await gateway.lab.start(words, as: "listener-\(host)", on: host).said("listening")
            }
            let access = ["iptables", "-I", "INPUT", "-p", "tcp", "--dport", "2200", "-j", "ACCEPT"]
            try await gateway.lab.require(access, on: .gateway)
            let file = "[server \(server)]\nftps-ports = \(SecureServer.ports)\n"
            try gateway.lab.write(file, to: "conf")
            try await gateway.loadRules(from: Self.path)
            let words = [try Files.script("supervise"), try Files.pinholed(), "--config", Self.path]
            let manager = try gateway.lab.start(
                ["/usr/bin/python3", "-B"] + words,
                as: "manager",
                on: .gateway
            )
            try await manager.said("ready 1\n")
            let stage = try gateway.startStage()
            try await stage.speakTLS()
            try await #require(gateway.probe(server, 49100, from: .client) == "connected")
            try await #require(gateway.probe(own, 2200, from: .client) == "connected")

            switch absence {
            case .wrongFile:
                try gateway.lab.write("nonsense\n", to: "conf")
                try manager.say("TERM")
                try await manager.said("wrong configuration\n")
            case .killed:
                try manager.say("HOLD")
                try manager.say("KILL")
                try await manager.said("ended\n")
            case .paused:
                try manager.say("STOP")
                // Those that the queue has room for wait for the daemon, and are sent again when it is full.
                let crowd = try await gateway.probe(
                    own,
                    Array(repeating: 2200, count: 20),
                    from: .client
                )
                try #require(crowd.allSatisfy { $0 == "connected" }, "\(crowd)")
            }
            try await #require(gateway.probe(own, 2200, from: .client) == "connected")
            try await #require(gateway.probe(server, 49100, from: .client) == "dropped")

            try gateway.lab.write(file, to: "conf")
            try manager.say(absence == .paused ? "CONT" : "START")
            if absence != .paused { try await manager.said("ready 2\n") }
            try await #require(gateway.probe(server, 49100, from: .client) == "connected")
        }
    }
}
