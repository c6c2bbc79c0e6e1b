// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Glibc
import Linux
import Netfilter
import Testing

/// The replacement packet in a verdict can contain a password, and must not stay in memory.
///
/// The datagrams contain the password in lower case and only the replacements in upper case, so the test itself has no copy.
@Suite struct VerdictMemoryTests {
    private let namespace: NetworkNamespace
    private let password = String((0..<24).compactMap { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() })

    init() throws {
        namespace = try NetworkNamespace()
        try namespace.run("iptables -w -A INPUT -p udp --dport 5001 -j NFQUEUE --queue-num 20")
    }

    @Test func `no part of a verdict remains in memory after a second attempt`() throws {
        var queue = try namespace.enter { try PacketQueue.open(20) }
        try replace(in: &queue, failingAfter: 0)
        #expect(queue.owesVerdicts == false)
        #expect(try isInMemory() == false)
    }

    @Test func `no part of an unsent verdict remains in memory`() throws {
        do {
            var queue = try namespace.enter { try PacketQueue.open(20) }
            try replace(in: &queue, failingAfter: 2)
            #expect(queue.owesVerdicts == true)
            #expect(try isInMemory(), "the search finds what is kept")
        }
        #expect(try isInMemory() == false)
    }

    /// Replaces a batch of packets, whose verdicts take three calls, one of which fails.
    private func replace(in queue: inout PacketQueue, failingAfter sent: UInt32) throws {
        let (receiver, sender) = try namespace.enter { try (UDPSocket(at: 5001), UDPSocket(at: 0)) }
        let text = String(repeating: password, count: 600)
        for _ in 0..<12 { try sender.send(text, to: 5001) }
        var replacements: [[UInt8]] = []
        let failure = try Failing.unsent(ENOBUFS).during(after: sent) { () throws(SystemError) in
            _ = try queue.receive { packet in
                var replacement: [UInt8] = []
                replacement.reserveCapacity(packet.count)
                for index in 0..<packet.count {
                    switch index {
                    // No UDP checksum.
                    case 26, 27: replacement.append(0)
                    case ..<28: replacement.append(packet[index])
                    default: replacement.append(packet[index] ^ 0x20)
                    }
                }
                replacements.append(replacement)
                return .replace(replacement)
            }
        }
        #expect(failure?.code == ENOBUFS)
        #expect(replacements.count == 12)
        for index in replacements.indices {
            var bytes = replacements[index].mutableSpan
            bytes.update(repeating: 0)
        }
        withExtendedLifetime(receiver) {}
    }

    /// Returns whether the memory of this process contains the password in upper case.
    private func isInMemory() throws -> Bool {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts/find.py")
        return try namespace.run("python3 -B \(script.path) \(password)") == "True\n"
    }
}
