// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// A kernel that fails now and then, and a clock that does: packets go on, each failure is counted, and nothing of it stays.
@Suite struct KernelFaultTests {
    /// A system call of the daemon, and what every fifth of them fails with.
    struct Failure: CustomTestStringConvertible {
        let call: String
        let error: String
        /// What of it is counted for certain; others depend on which of the requests it was.
        var fault: String?

        var testDescription: String { "\(call): \(error)" }
    }

    @Test(
        .gateway,
        arguments: [
            // To the kernel go requests and verdicts; answers come one by one, packets together.
            Failure(call: "sendto", error: "ENOBUFS"), Failure(call: "sendto", error: "ENOMEM"),
            Failure(call: "sendto", error: "EPERM"), Failure(call: "recvmsg", error: "ENOBUFS"),
            Failure(call: "recvmsg", error: "ENOMEM"), Failure(call: "recvmsg", error: "EAGAIN"),
            Failure(call: "recvmmsg", error: "ENOBUFS", fault: "overrun"),
            Failure(call: "recvmmsg", error: "ENOMEM", fault: "control-queue"),
        ]
    )
    func `a failed system call is counted, and the next one works`(failure: Failure) async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let session = try await gateway.startSteadySession()
            try await session.perform("PORT", "PASV")

            let inject = "inject=\(failure.call):error=\(failure.error):when=3+5"
            let process = try String(daemon.identifier)
            let strace = try gateway.lab.start(
                ["strace", "-q", "-p", process, "-e", "trace=\(failure.call)", "-e", inject],
                as: "strace",
                on: .gateway
            )
            try await poll(for: "three failures") {
                try await session.perform("NOOP", "NOOP")
                // It may well be refused: what it asks of the kernel fails.
                _ = try await gateway.fetch(with: .curl, .port, seconds: 1)
                return strace.lines.count { $0.contains("(INJECTED)") } >= 3
            }
            // It detaches, and ends itself by the signal.
            try #require(await strace.stop("INT") == 130)

            try await session.perform("PORT", "PASV", "EPRT", "EPSV")
            for mode in Mode.allCases {
                let outcome = try await gateway.fetch(with: .curl, mode)
                try #require(outcome == nil, "\(mode)")
            }
            let statistics: StatisticsReport = try await gateway.report("stats")
            let counted = statistics.errors.filter { failure.fault == nil || $0.key == failure.fault }
            try #require(counted.contains { $0.value > 0 })
            let lines = daemon.lines.count { $0.contains("event=fault") }
            try #require(lines < 40, "\(lines) lines in the log")
            try await session.quit()
        }
    }

    @Test(.gateway)
    func `only the log and the events show that the wall clock was set back`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let library = try await gateway.compile("backwards")
            let prefix = ["env", "LD_PRELOAD=\(library)"]
            let daemon = try await gateway.startDaemon("--timeout", "2", prefix: prefix)
            let events = try await gateway.startEvents()
            let session = try await gateway.startSteadySession()
            try await session.perform("PORT", "PASV", "EPRT", "EPSV")
            let other = try await gateway.logIn()
            try other.say("EPSV")
            try await daemon.said("event=expired")
            try await session.perform("PORT", "PASV")
            try await session.quit()

            let times = events.text.matches(of: /"time":([0-9.]+)/).compactMap { Double($0.1) }
            let later = zip(times, times.dropFirst()).count { $1 > $0 }
            try #require(times.count > 10 && later == 0, "\(times)")
            let errors = try await gateway.report("stats", as: StatisticsReport.self).errors
            try #require(errors.allSatisfy { $0.value == 0 })
        }
    }
}
