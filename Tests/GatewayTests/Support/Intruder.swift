// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// An attacker, and the victims that it needs: what they do is told by name, and the script `intrude` has what it means.
final class Intruder {
    private let service: Service
    private var count = 0

    fileprivate init(_ service: Service) {
        self.service = service
    }

    /// Plays an act to its end.
    func play(_ act: String, _ arguments: String...) async throws {
        try await play([act] + arguments)
    }

    /// The same with as many arguments as there are.
    func play(_ words: [String]) async throws {
        count += 1
        try service.say(String(decoding: try JSONEncoder().encode(words), as: UTF8.self))
        try await service.said("done \(count)\n")
    }
}

extension Gateway {
    /// An attacker at the gateway, before its first attack.
    func startIntruder() throws -> Intruder {
        let words = ["/usr/bin/python3", "-B", try Files.script("intrude")]
        let arguments = [topology.client, topology.seen, topology.server]
        return Intruder(try lab.start(words + arguments, as: "intruder", on: .gateway))
    }
}
