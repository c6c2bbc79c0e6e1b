// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// The contract's examples, through Pinhole and through the helper of the kernel that this runs on.
@Suite struct KernelComparisonTests {
    /// The kernel's column is what this kernel does, and documentation: it is printed, and nothing is asked of it.
    @Test(.gateway)
    func `Pinhole follows the contract where the kernel's helper does not`() async throws {
        let pinhole = try await sightings { gateway in
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            return try Files.pinhole()
        }
        let kernel = try await sightings { gateway in
            let rule = ["iptables", "-t", "raw", "-A", "PREROUTING", "-p", "tcp", "--dport", "21"]
            try await gateway.lab.require(rule + ["-j", "CT", "--helper", "ftp"], on: .gateway)
            return "-"
        }
        let table = KernelComparison(pinhole: pinhole, kernel: kernel)
        print(table.rows.joined(separator: "\n"))

        for (example, sighting) in zip(ContractExample.all, pinhole) {
            #expect(sighting.description == example.pinhole, "\(example.bytes)")
        }
        try table.writeIfAsked()
        let stored = try KernelComparison.storedRows()
        #expect(
            stored.map(KernelComparison.withoutKernel) == table.rows.map(KernelComparison.withoutKernel),
            "docs/kernel-comparison.md is not current: 'make compare' writes it"
        )
    }

    /// Plays every example through a gateway with a helper, which `attach` starts; it returns the daemon to query, if any.
    private func sightings(_ attach: (Gateway) async throws -> String) async throws -> [Sighting] {
        var result: [Sighting] = []
        try await Gateway.with(ContractExample.topology) { gateway in
            let whom = try await attach(gateway)
            let examples = String(decoding: try JSONEncoder().encode(ContractExample.all), as: UTF8.self)
            let words = ["/usr/bin/python3", "-B", try Files.script("examples"), whom]
            let output = try await gateway.lab.require(words, seconds: 120, input: examples)
            result = try JSONDecoder().decode([Sighting].self, from: Data(output.utf8))
        }
        try #require(result.count == ContractExample.all.count)
        return result
    }
}
