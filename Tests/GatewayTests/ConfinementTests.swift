// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What the running daemon may still do, and so what an intruder who has taken it over could do.
@Suite struct ConfinementTests {
    /// What `/proc/PID/status` says of a daemon.
    private func status(of daemon: Service) async throws -> [Substring: Substring] {
        let file = "/proc/\(try daemon.identifier)/status"
        let lines = try await daemon.lab.require(["cat", file]).split(separator: "\n")
        return Dictionary(
            lines.map { line in
                let (name, value) = (line.prefix { $0 != ":" }, line.drop { $0 != ":" }.dropFirst())
                return (name, value.drop { $0 == "\t" || $0 == " " })
            },
            uniquingKeysWith: { $1 }
        )
    }

    /// Compares everything that confines a daemon but its user and groups.
    private func requireConfinement(_ status: [Substring: Substring]) throws {
        for set in ["CapEff", "CapPrm"] { try #require(status[set[...]] == "0000000000001000", "NET_ADMIN") }
        for set in ["CapInh", "CapBnd", "CapAmb"] { try #require(status[set[...]] == "0000000000000000") }
        try #require(status["NoNewPrivs"] == "1")
        try #require(status["Seccomp"] == "2", "SECCOMP_MODE_FILTER")
        try #require(status["Threads"] == "1")
    }

    @Test(.gateway)
    func `the daemon becomes the user pinhole and keeps only CAP_NET_ADMIN`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            let status = try await status(of: gateway.startDaemon())
            try requireConfinement(status)
            try #require(status["Uid"] == "64990\t64990\t64990\t64990")
            try #require(status["Gid"] == "64991\t64991\t64991\t64991")
            try #require(status["Groups"]?.contains { $0 != " " } == false)
        }
    }

    @Test(.gateway)
    func `another user can be configured`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            let status = try await status(of: gateway.startDaemon("--user", "nobody"))
            try requireConfinement(status)
            try #require(status["Uid"] == "65534\t65534\t65534\t65534")
        }
    }

    @Test(.gateway)
    func `without a user pinhole the daemon stays root, reports it, and keeps nothing else`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            let removal = "users=$(grep -v ^pinhole: /etc/passwd) && echo \"$users\" >/etc/passwd"
            try await gateway.lab.require(["sh", "-ec", removal])
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let status = try await status(of: daemon)
            try requireConfinement(status)
            try #require(status["Uid"] == "0\t0\t0\t0")
            let warning =
                #"level=warning event=unconfined reason="it runs as root: there is no user pinhole""#
            try #require(daemon.lines.contains(warning[...]))

            for mode in Mode.allCases {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway, arguments: ["pinhole", "root"])
    func `the confined daemon cannot open files, start programs or regain privileges`(user: String)
        async throws
    {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let library = try await gateway.compile("escape")
            let daemon = try await gateway.startDaemon(
                "--user",
                user,
                prefix: ["env", "LD_PRELOAD=\(library)"]
            )
            try await daemon.said("everything: done")
            let attempts = daemon.lines.filter { !$0.hasPrefix("level=") && $0 != "everything: done" }
            try #require(attempts.count > 40)
            let succeeded = attempts.filter { !$0.hasSuffix(": EPERM") }
            try #require(succeeded.isEmpty)

            let failure = try await gateway.fetch(with: .curl, .port)
            try #require(failure == nil, "the daemon goes on all the same")
            try #require(await daemon.stop() == 0)
        }
    }

    @Test(.gateway, arguments: [("SEGV", 11), ("ABRT", 6)])
    func `a crash ends the daemon at once, even with Swift's backtracer enabled`(
        signal: String,
        number: Int32
    ) async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon(prefix: ["env", "SWIFT_BACKTRACE=enable=yes"])
            try await gateway.lab.require(["kill", "-\(signal)", String(daemon.identifier)])
            try await poll(for: "the end of the daemon") { !daemon.program.isRunning }
            try #require(await daemon.program.end() == 128 + number)
        }
    }

    @Test(.gateway, arguments: [Topology.longerSNAT, .masqueraded6])
    func `no system call of the daemon is refused`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let trace = "\(Lab.folder)/trace"
            let daemon = try await gateway.startDaemon(
                "--strict",
                "--timeout",
                "1",
                "--log-level",
                "debug",
                prefix: ["env", "JOURNAL_STREAM=1:1", "strace", "-D", "-f", "-o", trace]
            )
            let events = try await gateway.startEvents()
            for client in Client.allCases {
                for mode in client.modes(isIPv6: topology.isIPv6) {
                    let failure = try await gateway.fetch(with: client, mode)
                    try #require(failure == nil, "\(client) \(mode)")
                }
            }

            let session = try await gateway.logIn()
            try session.say("EPSV")
            try await session.said("229 ")
            try await daemon.said("event=expired")
            try session.say("EPSV")
            for subcommand in [
                "expectations", "connections", "stats", "check", "refusals", "status", "flush",
            ] {
                _ = try await gateway.pinhole(subcommand)
            }
            _ = try await gateway.pinhole("delete", "1")
            try session.say(topology.isIPv6 ? "EPRT |2|fd09::9|5001|" : "EPRT |1|10.9.9.9|5001|")
            try await daemon.said("event=refused")
            let status = try await daemon.stop()
            try #require(status == 0)
            _ = try await events.stop()

            try await poll(for: "the end of the trace") { gateway.lab.read("trace").contains("+++ exited") }
            let calls = gateway.lab.read("trace").split(separator: "\n")
            let start = try #require(calls.lastIndex { $0.contains(" seccomp(SECCOMP_SET_MODE_FILTER") })
            try #require(calls[start...].contains { $0.contains("sendto(") })
            let refused = calls[start...].filter { $0.contains(" = -1 EPERM") }
            try #require(refused.isEmpty)
        }
    }
}
