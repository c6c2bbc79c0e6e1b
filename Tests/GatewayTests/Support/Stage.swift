// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// Control connections through a gateway of which the test plays both ends: each sends exactly what the test says.
///
/// The ends are sockets of their hosts' kernels, so that the bytes pass through real TCP stacks.
final class Stage {
    enum End: String {
        case client, server

        var other: End { self == .client ? .server : .client }
    }

    private let service: Service
    private var count = 0

    fileprivate init(_ service: Service) {
        self.service = service
    }

    /// Opens a connection, from one of the client's addresses if that is given.
    func open(_ name: String = "", from source: String = "") async throws {
        try await perform("open", name, source)
    }

    /// Opens a connection and logs in.
    func logIn(_ name: String = "", from source: String = "") async throws {
        try await open(name, from: source)
        for (end, line) in [
            (End.server, "220 ready"), (.client, "USER anonymous"), (.server, "331 password"),
            (.client, "PASS guest"), (.server, "230 logged in"),
        ] {
            try await say(end, line + "\r\n", on: name)
        }
    }

    /// Lets one end send a text in one segment, which has to come as it is at the other, or as `read`.
    func say(_ end: End, _ text: String, read: String? = nil, on name: String = "") async throws {
        try await send(end, text, on: name)
        try await perform("read", name, end.other.rawValue, read ?? text)
    }

    /// Lets one end send a text, whatever becomes of it.
    func send(_ end: End, _ text: String, on name: String = "") async throws {
        try await perform("say", name, end.rawValue, text)
    }

    /// Waits until one end has got just this text.
    func reads(_ end: End, _ text: String, on name: String = "") async throws {
        try await perform("read", name, end.rawValue, text)
    }

    /// Waits until one end finds the connection reset, whatever came before.
    func isReset(_ end: End, on name: String = "") async throws {
        try await perform("reset", name, end.rawValue)
    }

    /// Waits until both ends find the connection ended.
    func ends(_ name: String = "") async throws {
        for end in [End.client, .server] { try await perform("end", name, end.rawValue) }
    }

    /// Lets the client say a PORT, which NAT rewrites if it has to.
    func announce(on topology: Topology) async throws {
        let port = topology.portArguments
        try await say(.client, "PORT \(port.sent)\r\n", read: "PORT \(port.read)\r\n")
        try await say(.server, "200 ok\r\n")
    }

    /// Lets one end close its connection, or cut it off.
    func close(_ end: End, on name: String = "", abruptly: Bool = false) async throws {
        try await perform(abruptly ? "abort" : "close", name, end.rawValue)
    }

    private func perform(_ words: String...) async throws {
        count += 1
        try service.say(String(decoding: try JSONEncoder().encode(words), as: UTF8.self))
        try await service.said("done \(count)\n")
    }
}

extension Gateway {
    /// A gateway with Pinhole at work, and a stage on it.
    static func withStage(
        _ topology: Topology,
        options: [String] = [],
        body: (Gateway, Stage) async throws -> Void
    ) async throws {
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules()
            _ = try await gateway.startDaemon(options)
            try await body(gateway, gateway.startStage())
        }
    }

    /// Starts `pinhole events --json` and waits until it reports a connection, which is opened on the stage.
    func startEvents(on stage: Stage) async throws -> Service {
        let words = [try Files.pinhole(), "events", "--json"]
        let events = try lab.start(words, as: lab.newName("events"), on: .gateway)
        var count = 0
        try await poll(for: "the first event") {
            count += 1
            try await stage.open("event \(count)")
            return try !EventReport.all(of: events).isEmpty
        }
        return events
    }

    /// A stage on the gateway, on which nothing is said yet.
    func startStage() throws -> Stage {
        let words = ["/usr/bin/python3", "-B", try Files.script("stage")]
        let arguments = [topology.server, topology.dialled, String(topology.port)]
        return Stage(try lab.start(words + arguments, as: "stage", on: .gateway))
    }
}
