// SPDX-License-Identifier: GPL-2.0-or-later

/// Scripts that belong to no one host: they hold both ends of a connection, or lie between two hosts.
extension Gateway {
    /// A gateway whose server is a script, with Pinhole at work.
    static func withPinhole(_ topology: Topology, _ body: (Gateway) async throws -> Void) async throws {
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            try await body(gateway)
        }
    }

    /// Runs a script that has to say `done`.
    func requireScript(_ name: String, _ arguments: [String], seconds: Double = 90) async throws {
        let words = ["/usr/bin/python3", "-B", try Files.script(name)] + arguments
        let outcome = try await lab.run(words, seconds: seconds)
        guard outcome.hasSucceeded, outcome.output == "done\n" else {
            throw HarnessError(outcome.description)
        }
    }
}

extension Topology {
    /// The argument of a PORT as the client writes it and as the server gets it.
    var portArguments: (sent: String, read: String) {
        (Topology.numbers(client, port: "19,137"), Topology.numbers(seen, port: "19,137"))
    }

    /// The numbers of a 227 as the server writes them and as the client gets them.
    var passiveNumbers: (sent: String, read: String) {
        (Topology.numbers(server, port: "19,138"), Topology.numbers(dialled, port: "19,138"))
    }

    private static func numbers(_ address: String, port: String) -> String {
        address.replacing(".", with: ",") + "," + port
    }
}
