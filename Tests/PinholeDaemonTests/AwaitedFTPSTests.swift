// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Messages
import Testing

@testable import PinholeDaemon

/// What the daemon does about FTPS that the loaded rules are not made for.
struct AwaitedFTPSTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private var later: Instant { start.advanced(bySeconds: AwaitedFTPS.interval) }

    private var configured: Policy {
        get throws {
            let server = AddressPrefix(parsing: Array("10.2.0.2".utf8).span)
            var policy = Policy()
            policy.rules.timeout = 60
            var rules = policy.rules
            rules.ftpsPorts = 3000...3001
            rules.allowsActiveFTPS = true
            rules.isStrict = true
            try policy.set(rules, for: #require(server))
            return policy
        }
    }

    @Test func `without its sets FTPS opens nothing, and the other settings stay`() throws {
        let (policy, problem) = try AwaitedFTPS().possible(configured, missing: ["x"], at: start)
        #expect(!policy.opensForFTPS && policy.rules.timeout == 60)
        let rules = try #require(policy.servers.first).rules
        #expect(rules.isStrict && rules.ftpsPorts == nil && !rules.allowsActiveFTPS)
        #expect(problem?.message == "encrypted sessions get no help: there is no set x")
    }

    @Test func `FTPS begins when its sets exist, and they are looked for at intervals`() throws {
        let awaited = AwaitedFTPS()
        _ = try awaited.possible(configured, missing: ["x"], at: start)
        #expect(awaited.deadline == later)
        #expect(awaited.newPolicy(at: start, missing: { [] }) == nil)
        #expect(awaited.newPolicy(at: later, missing: { ["x"] }) == nil)
        let last = later.advanced(bySeconds: AwaitedFTPS.interval)
        #expect(awaited.deadline == last)
        #expect(try #require(awaited.newPolicy(at: last, missing: { [] })).opensForFTPS)
        #expect(awaited.deadline == nil)
    }

    @Test func `a configuration that is possible or without FTPS ends the wait`() throws {
        for policy in [try configured, Policy()] {
            let awaited = AwaitedFTPS()
            _ = try awaited.possible(configured, missing: ["x"], at: start)
            let (now, problem) = awaited.possible(policy, missing: [], at: start)
            #expect(now.opensForFTPS == policy.opensForFTPS && problem == nil && awaited.deadline == nil)
        }
    }
}
