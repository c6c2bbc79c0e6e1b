// SPDX-License-Identifier: GPL-2.0-or-later

/// A real client's session that goes on while other things happen.
final class SteadySession {
    private let service: Service
    private var count = 0

    init(_ service: Service) {
        self.service = service
    }

    /// Makes a transfer with each mode, sends each other command, and waits until it is done, at most so many seconds each.
    func perform(_ lines: String..., within seconds: Double = 60) async throws {
        try await perform(lines, within: seconds)
    }

    /// The same with as many as there are.
    func perform(_ lines: [String], within seconds: Double = 60) async throws {
        for line in lines {
            count += 1
            try service.say(line)
            try await service.said("done \(count)\n", within: seconds)
        }
    }

    /// Leaves, as a client does.
    func quit() async throws {
        let status = try await service.finish()
        guard status == 0 else { throw HarnessError("the session failed:\n\(service.text)") }
    }
}

extension Gateway {
    /// A session that is logged in, on the client's host or another, and from this address and port if they are given.
    func startSteadySession(on host: Host? = nil, from source: (address: String, port: Int)? = nil)
        async throws -> SteadySession
    {
        let arguments =
            [topology.dialled, String(topology.port), payloadPath]
            + (source.map { [$0.address, String($0.port)] } ?? [])
        let service = try startScript("steady", arguments, on: host, as: lab.newName("steady"))
        try await service.said("logged in")
        return SteadySession(service)
    }
}
