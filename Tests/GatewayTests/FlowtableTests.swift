// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Connections whose packets bypass the firewall's rules (`nf_flow_table`).
@Suite(.enabled(if: KernelFeature.hasFlowtables, "this kernel has no flowtables"))
struct FlowtableTests {
    @Test(.gateway)
    func `a flowtable may offload data connections but not control connections`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            try await offload("ct original proto-dst != 21", on: gateway)
            for mode in Mode.allCases {
                let before = try await forwardedBytes(on: gateway)
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
                let count = try await forwardedBytes(on: gateway) - before
                try #require(count > 0, "\(mode): the control connection bypassed the rules")
                try #require(count < gateway.payload.count / 2, "\(mode): the file did not bypass the rules")
            }
            try await gateway.comesToRest()

            try await offload("", on: gateway)
            let failure = try await gateway.fetch(with: .curl, .port, seconds: 4)
            try #require(failure != nil, "a control connection works in a flowtable")
        }
    }

    /// Lets the gateway offload connections of TCP that a rule of nftables matches.
    private func offload(_ match: String, on gateway: Gateway) async throws {
        let table = """
            add table inet fast
            delete table inet fast
            table inet fast {
                flowtable flows { hook ingress priority filter; devices = { client, server }; }
                chain forward {
                    type filter hook forward priority filter;
                    ct state established meta l4proto tcp \(match) flow add @flows
                }
            }
            """
        try await gateway.lab.require(["nft", "-f", "-"], on: .gateway, input: table)
    }

    /// Bytes of connections under way that the firewall's rules have seen so far.
    private func forwardedBytes(on gateway: Gateway) async throws -> Int {
        let rules = try await gateway.lab.require(["iptables-save", "-c"], on: .gateway)
        guard let rule = rules.firstMatch(of: /\[\d+:(\d+)\] -A FORWARD .*ESTABLISHED/),
            let count = Int(rule.1)
        else { throw HarnessError("no rule for connections under way:\n\(rules)") }
        return count
    }
}
