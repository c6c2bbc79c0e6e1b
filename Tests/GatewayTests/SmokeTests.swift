import Testing

/// The one thing that must work, in a few seconds.
@Suite struct SmokeTests {
    @Test(.timeLimit(.minutes(20)))
    func `curl fetches a file in every mode through MASQUERADE`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            for mode in Mode.allCases {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
            try await gateway.comesToRest()
            try #require(await daemon.stop() == 0)
        }
    }
}
