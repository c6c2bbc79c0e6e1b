// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// A connection that has the kernel's own helper: both would rewrite, so Pinhole does not.
@Suite struct KernelHelperTests {
    @Test(.gateway)
    func `a connection with a kernel helper is left alone and reported`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            _ = try await gateway.start(.vsftpd)
            for chain in ["PREROUTING", "OUTPUT"] {
                let words = ["iptables", "-t", "raw", "-A", chain, "-p", "tcp", "--dport", "21"]
                try await gateway.lab.require(words + ["-j", "CT", "--helper", "ftp"], on: .gateway)
            }
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            for mode in Mode.allCases {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }

            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.expectations_opened == 0)
            try #require(statistics.edits == 0)
            try #require(statistics.errors["kernel-helper"] == Mode.allCases.count)
            try #require(daemon.text.contains("has the kernel helper ftp and is left to it"))
            let check = try await gateway.pinhole("check")
            try #require(check.status == 1)
            try #require(check.output.contains("the kernel's helper: a rule assigns it to the same port"))
        }
    }
}
