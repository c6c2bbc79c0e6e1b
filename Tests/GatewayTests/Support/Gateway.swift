// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// A gateway between a client and a server, with its firewall, a stranger beside it, and Pinhole's commands.
struct Gateway: Sendable {
    let topology: Topology
    let lab: Lab
    /// The bytes of the server's `pub/payload`.
    let payload: Data

    /// Where that file is, as programs in the lab name it.
    let payloadPath = "\(Server.root)/pub/payload"

    let pinhole: String

    /// How many labs may exist at once: more would only take the processor from each other's deadlines.
    private static let permits = Permits(backend == nil ? 6 : 2)

    /// How much longer everything may take: in an emulator, where the rules are of a given kind, programs are slow.
    static let slowness = backend == nil ? 1 : 10

    /// Seconds that a test may have its gateway: hours if the load of `make faults` says so.
    private static let limit = Figures.isFull ? 20_000 : 240 * Double(slowness)

    /// Makes a gateway for the duration of `body`; when that throws, says first what everything looked like.
    static func with(_ topology: Topology, _ body: (Gateway) async throws -> Void) async throws {
        try await permits.hold {
            try await Lab.with(seconds: limit) { lab in
                let gateway = try await Gateway(topology, in: lab)
                do {
                    try await body(gateway)
                } catch {
                    let state = await gateway.state()
                    Issue.record("\(topology.name), when it failed:\n\(state)")
                    throw error
                }
            }
        }
    }

    private init(_ topology: Topology, in lab: Lab) async throws {
        self.topology = topology
        self.lab = lab
        pinhole = try Files.pinhole()
        try await lab.require(["sh", "-ec", Gateway.network(for: topology)])
        for (tool, isIPv6) in [("iptables-restore", false), ("ip6tables-restore", true)] {
            let rules = Firewall(for: topology).rules(isIPv6: isIPv6)
            try await lab.require([tool], on: .gateway, input: rules)
        }
        guard let payload = lab.contents("ftp/pub/payload") else { throw HarnessError("no payload was made") }
        self.payload = payload
    }

    /// A script that makes hosts, links, addresses and routes, and the server's files.
    private static func network(for topology: Topology) -> String {
        let isIPv6 = topology.isIPv6
        let length = isIPv6 ? "64" : "24"
        let links: [(Host, String)] = [
            (.client, topology.clientHost == .client ? topology.client : isIPv6 ? "fd01::2" : "10.1.0.2"),
            (.server, topology.serverHost == .server ? topology.server : isIPv6 ? "fd02::2" : "10.2.0.2"),
            (.stranger, topology.isBridged ? "10.1.0.4" : isIPv6 ? "fd03::2" : "10.3.0.2"),
        ]
        var lines: [String] = []
        for host in Host.allCases {
            lines += [
                "ip netns add \(host)",
                "ip netns exec \(host) sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0",
                // Tests listen at ports below 42000, which no socket is to get by chance. To reserve these would not do: who hits a
                // reserved port gets the next one, so one port in twenty would be the same.
                "ip netns exec \(host) sysctl -qw net.ipv4.ip_local_port_range='42000 60999'",
                "ip -n \(host) link set lo up",
            ]
        }
        lines.append("ip netns exec gateway sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
        if topology.isBridged {
            lines += [
                "ip -n gateway link add bridge up type bridge",
                "ip netns exec gateway sysctl -qw net.bridge.bridge-nf-call-iptables=1",
            ]
        }
        for (host, address) in links {
            let router = Gateway.neighbour(of: address)
            lines.append("ip -n gateway link add \(host) type veth peer name gateway netns \(host)")
            if topology.isBridged {
                lines += [
                    "ip -n gateway link set \(host) up master bridge",
                    "ip -n \(host) addr add \(address)/\(length) dev gateway",
                    "ip -n \(host) link set gateway up",
                ]
                continue
            }
            lines += [
                "ip -n gateway addr add \(router)/\(length) dev \(host) \(isIPv6 ? "nodad" : "")",
                "ip -n gateway link set \(host) up",
                "ip -n \(host) addr add \(address)/\(length) dev gateway \(isIPv6 ? "nodad" : "")",
                "ip -n \(host) link set gateway up",
                "ip -n \(host) route add default via \(router)",
            ]
        }
        if let seen = topology.clientSeenAs, !topology.isMasqueraded {
            lines.append("ip -n gateway addr add \(seen) dev server")
        }
        if let known = topology.serverKnownAs {
            lines.append("ip -n gateway addr add \(known) dev client")
        }
        lines += [
            "mkdir -p \(Server.root)/pub \(Server.root)/incoming",
            "chmod 777 \(Server.root)/incoming",
            "head -c 300000 /dev/urandom >\(Server.root)/pub/payload",
        ]
        return lines.joined(separator: "\n")
    }

    /// The gateway's address on the link of another host: the first of the same network.
    static func neighbour(of address: String) -> String {
        guard let end = address.range(of: address.contains(":") ? "::" : ".", options: .backwards) else {
            return ""
        }
        return address[..<end.upperBound] + "1"
    }

    // MARK: - Servers and clients

    /// Starts a server where the topology has it and waits until it listens.
    func start(_ server: Server, acceptTimeout: Int = 3, configuration: String = "") async throws -> Service {
        let port = topology.serverPort
        let service = try server.start(
            in: lab,
            on: topology.serverHost,
            address: topology.server,
            port: port,
            acceptTimeout: acceptTimeout * Gateway.slowness,
            configuration: configuration
        )
        try await listens(service)
        return service
    }

    /// Waits until a server listens.
    func listens(_ server: Service) async throws {
        try await poll(for: "\(server.name) to listen") {
            guard server.program.isRunning else {
                throw HarnessError("\(server.name) ended:\n\(server.text)")
            }
            return try await !lab.require(
                ["ss", "-Hltn", "sport = :\(topology.serverPort)"],
                on: topology.serverHost
            ).isEmpty
        }
    }

    /// Fetches `pub/payload`; `nil` if it came whole and right, else what the client said.
    func fetch(with client: Client, _ mode: Mode, seconds: Double = 20) async throws -> Outcome? {
        let name = lab.newName("got")
        let (words, input) = try client.fetch(
            from: topology.dialled,
            port: topology.port,
            mode: mode,
            into: "\(Lab.folder)/\(name)"
        )
        let outcome = try await lab.run(words, on: topology.clientHost, seconds: seconds, input: input)
        return lab.contents(name) == payload ? nil : outcome
    }

    /// Runs one of the scripts on a host.
    func script(_ name: String, _ arguments: [String], on host: Host, seconds: Double = 90) async throws
        -> Outcome
    {
        let words = ["/usr/bin/python3", "-B", try Files.script(name)] + arguments
        return try await lab.run(words, on: host, seconds: seconds)
    }

    /// Starts one of the scripts, on the client's host if no other is given.
    func startScript(_ name: String, _ arguments: [String], on host: Host? = nil, as service: String) throws
        -> Service
    {
        let words = ["/usr/bin/python3", "-B", try Files.script(name)] + arguments
        return try lab.start(words, as: service, on: host ?? topology.clientHost)
    }

    /// Opens a control connection by hand and logs in.
    func logIn() async throws -> Service {
        let session = try startScript(
            "session",
            [topology.dialled, String(topology.port)],
            as: lab.newName("session")
        )
        try await session.said("220 ")
        try session.say("USER anonymous")
        try await session.said("331 ")
        try session.say("PASS guest")
        try await session.said("230 ")
        return session
    }

    /// Makes a library of one of the C files among the scripts, to be preloaded, and returns its path.
    func compile(_ name: String) async throws -> String {
        let library = "\(Lab.folder)/\(name).so"
        let source = try Files.script(name, extension: "c")
        try await lab.require(["clang", "-shared", "-fPIC", "-O1", "-o", library, source], seconds: 60)
        return library
    }

    /// Makes one of the programs that benchmarks put a gateway under load with, and returns its path.
    func build(_ name: String) async throws -> String {
        try await build(name, [name, "load"].map { "\(Files.benchmarks)/\($0).c" })
    }

    /// Makes a program of one of the C files among the scripts, and returns its path.
    func build(script name: String) async throws -> String {
        try await build(name, [Files.script(name, extension: "c")])
    }

    private func build(_ name: String, _ sources: [String]) async throws -> String {
        let program = "\(Lab.folder)/\(name)"
        try await lab.require(["clang", "-O2", "-o", program] + sources, seconds: 60)
        return program
    }

    /// The SHA-256 of a file of the lab.
    func sum(of path: String) async throws -> Substring {
        try await lab.require(["sha256sum", path]).prefix(64)
    }

    /// Tries one TCP connection: `connected`, `refused` or `dropped`.
    func probe(_ address: String, _ port: Int, from host: Host, source: String = "") async throws -> String {
        String(try await probe(address, [port], from: host, source: source)[0])
    }

    /// Tries a TCP connection to each port at once, from one of the host's addresses if that is given.
    func probe(_ address: String, _ ports: [Int], from host: Host, source: String = "") async throws
        -> [Substring]
    {
        let outcome = try await script("probe", [source, address] + ports.map(String.init), on: host)
        guard outcome.hasSucceeded else { throw HarnessError(outcome.description) }
        return outcome.output.split(separator: "\n")
    }

    // MARK: - Pinhole

    /// Runs a subcommand on the gateway.
    func pinhole(_ arguments: String...) async throws -> Outcome {
        try await pinhole(arguments, prefix: [])
    }

    /// Runs a subcommand on the gateway, through the program that `prefix` names.
    func pinhole(_ arguments: [String], prefix: [String]) async throws -> Outcome {
        try await lab.run(prefix + [pinhole] + arguments, on: .gateway)
    }

    /// Runs a program under test, by the first of the words, through the program that `prefix` names.
    func run(_ words: [String], prefix: [String]) async throws -> Outcome {
        try await lab.run(prefix + [Files.program(words[0])] + words.dropFirst(), on: .gateway)
    }

    /// Whose rules Pinhole's are to be, if that is given: on a kernel with all of nftables they may be of either.
    static let backend = ProcessInfo.processInfo.environment["PINHOLE_BACKEND"]

    /// Loads Pinhole's rules for the topology's port.
    func loadRules(_ options: String...) async throws { try await loadRules(options) }

    /// The same with as many options as there are.
    func loadRules(_ options: [String]) async throws {
        let ports = topology.port == 21 ? [] : ["--ports", "21,\(topology.port)"]
        let backend = ["--backend", Gateway.backend ?? "iptables"]
        try await lab.require([pinhole, "rules", "load"] + ports + backend + options, on: .gateway)
    }

    /// Loads the rules that a configuration file describes.
    func loadRules(from path: String) async throws {
        let backend = Gateway.backend.map { ["--backend", $0] } ?? []
        try await lab.require([pinhole, "rules", "load", "--config", path] + backend, on: .gateway)
    }

    /// Starts the daemon, through the program that `prefix` names, and waits until it answers.
    func startDaemon(_ arguments: String..., prefix: [String] = []) async throws -> Service {
        try await startDaemon(arguments, prefix: prefix)
    }

    /// The same with as many arguments as there are.
    func startDaemon(_ arguments: [String], prefix: [String] = []) async throws -> Service {
        let words = prefix + [try Files.pinholed()] + arguments
        let daemon = try lab.start(words, as: lab.newName("daemon"), on: .gateway)
        try await poll(for: "the daemon to answer") {
            guard daemon.program.isRunning else { throw HarnessError("the daemon ended:\n\(daemon.text)") }
            return try await pinhole("stats").hasSucceeded
        }
        return daemon
    }

    /// Starts `pinhole events --json` and waits until it reports a connection, which is made for that.
    func startEvents() async throws -> Service {
        let events = try lab.start([pinhole, "events", "--json"], as: lab.newName("events"), on: .gateway)
        try await poll(for: "the first event") {
            _ = try await probe(topology.dialled, topology.port, from: topology.clientHost)
            return try !EventReport.all(of: events).isEmpty
        }
        return events
    }

    /// What a subcommand reports with `--json`.
    func report<Report: Decodable>(_ subcommand: String, as type: Report.Type = Report.self) async throws
        -> Report
    {
        let text = try await lab.require([pinhole, subcommand, "--json"], on: .gateway)
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw HarnessError("pinhole \(subcommand) --json: \(error)\n\(text)")
        }
    }

    /// The members of both pinhole sets, as `ipset` or `nft` prints them.
    func members() async throws -> [Substring] {
        if Gateway.backend == "nft" { return try await table().matches(of: /\S+ \. \d+ \. \S+/).map(\.0) }
        return try await lab.require(["ipset", "save"], on: .gateway).split(separator: "\n").filter {
            $0.hasPrefix("add ")
        }
    }

    /// Waits until neither tables nor sets hold anything any more; then nothing may have failed on the way.
    ///
    /// A client that tries again hides what failed the first time: only the counters tell.
    func comesToRest() async throws {
        try await poll(for: "the expectations to end") {
            try await report("expectations", as: [ExpectationReport].self).isEmpty
        }
        try await poll(for: "the connections to end") {
            try await report("connections", as: [ConnectionReport].self).isEmpty
        }
        try await poll(for: "the sets to be empty") { try await members().isEmpty }
        let failures = try await report("stats", as: StatisticsReport.self).errors.filter { $0.value > 0 }
        guard failures.isEmpty else { throw HarnessError("errors were counted: \(failures)") }
    }
}
