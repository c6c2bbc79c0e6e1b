// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// People who match by connmark find data connections by it.
@Suite struct DataMarkTests {
    @Test(.gateway, arguments: [Topology.longerSNAT, .routed])
    func `a data connection gets the mark of its control connection, changed as configured`(
        topology: Topology
    )
        async throws
    {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            // The rules of the test set 0x2a on every control connection.
            _ = try await gateway.startDaemon("--data-mark", "0x100/0x102")
            for mode in [Mode.port, .epsv] {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil)
            }
            let entries = try await gateway.lab.require(["conntrack", "-L", "-p", "tcp"], on: .gateway)
                .split(separator: "\n")
            let (control, data) = (
                entries.filter { $0.contains("dport=21 ") }, entries.filter { !$0.contains("dport=21 ") }
            )
            try #require(!control.isEmpty && control.allSatisfy { $0.contains(" mark=42 ") }, "\(entries)")
            try #require(data.count == 2 && data.allSatisfy { $0.contains(" mark=\(0x128) ") }, "\(entries)")
        }
    }
}
