// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// The table in `docs/kernel-comparison.md`: what the contract says, Pinhole's column, the kernel's column.
struct KernelComparison {
    /// The lines of the table, as Markdown.
    let rows: [String]

    private static let document = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/kernel-comparison.md").standardized

    init(pinhole: [Sighting], kernel: [Sighting]) {
        rows = zip(ContractExample.all, zip(pinhole, kernel)).map { example, sightings in
            "| \(example.bytes) | \(sightings.0) | \(sightings.1) |"
        }
    }

    /// Writes the document if the environment has `PINHOLE_COMPARE=write`, as `make compare` does.
    func writeIfAsked() throws {
        let environment = ProcessInfo.processInfo.environment
        guard environment["PINHOLE_COMPARE"] == "write" else { return }
        let release = try String(contentsOf: URL(filePath: "/proc/sys/kernel/osrelease"), encoding: .utf8)
            .prefix { $0.isNumber || $0 == "." }
        let text = """
            # Pinhole and the kernel's helper

            The same bytes through a gateway with Pinhole and through an otherwise identical one with the kernel's own helper
            (`iptables -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp`). `make compare` writes this page. A test checks
            Pinhole's column. The kernel's column is what Linux \(release) did; other kernels may differ. [protocol.md](protocol.md) has
            the rules behind Pinhole's column.

            The server 10.2.0.2 sees the client 10.1.0.2 as 10.2.0.100. `+` begins the next segment. Unless stated otherwise, the
            client has logged in before. *passed*: arrived as it was sent. *rewritten*: arrived with another address. *never
            arrived*: not even after two retransmissions. *expects*: a data connection to this port would be let through.

            | bytes | Pinhole | kernel |
            | --- | --- | --- |
            \(rows.joined(separator: "\n"))

            """
        let folder = KernelComparison.document.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: KernelComparison.document)
    }

    /// The rows of the document as it is stored.
    static func storedRows() throws -> [String] {
        let text = try String(contentsOf: document, encoding: .utf8)
        return text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("| ") }.dropFirst(2).map {
            $0
        }
    }

    /// A row but for its last column.
    static func withoutKernel(_ row: String) -> String {
        guard let end = row.dropLast(2).range(of: " | ", options: .backwards) else { return row }
        return String(row[..<end.lowerBound])
    }
}
