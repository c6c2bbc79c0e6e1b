// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing

/// The complete handling of a data connection: its SYN is queued before conntrack, its entry is created, the SYN is accepted.
@Suite(.serialized) struct DataConnectionTests {
    /// A kind of NAT: the control connection on either side of the gateway, and the rules that translate it.
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let rules: [String]
        /// The control connection as each of its ends sees it.
        let client: Endpoint
        let serverAsSeen: Endpoint
        let server: Endpoint
        let clientAsSeen: IPAddress

        static let all = [
            Case(
                testDescription: "IPv4 routed",
                rules: [],
                client: Endpoint(Sample.client, 40000),
                serverAsSeen: Endpoint(Sample.server, 21),
                server: Endpoint(Sample.server, 21),
                clientAsSeen: Sample.client
            ),
            Case(
                testDescription: "IPv4 with SNAT",
                rules: ["iptables -w -t nat -A POSTROUTING -o outside -j SNAT --to-source 10.2.0.100"],
                client: Endpoint(Sample.client, 40000),
                serverAsSeen: Endpoint(Sample.server, 21),
                server: Endpoint(Sample.server, 21),
                clientAsSeen: Sample.publicClient
            ),
            Case(
                testDescription: "IPv4 with SNAT and DNAT",
                rules: [
                    "iptables -w -t nat -A POSTROUTING -o outside -j SNAT --to-source 10.2.0.100",
                    "iptables -w -t nat -A PREROUTING -d 10.1.0.100 -j DNAT --to-destination 10.2.0.2",
                ],
                client: Endpoint(Sample.client, 40000),
                serverAsSeen: Endpoint(Sample.publicServer, 21),
                server: Endpoint(Sample.server, 21),
                clientAsSeen: Sample.publicClient
            ),
            Case(
                testDescription: "IPv6 routed",
                rules: [],
                client: Endpoint(Sample.client6, 40000),
                serverAsSeen: Endpoint(Sample.server6, 21),
                server: Endpoint(Sample.server6, 21),
                clientAsSeen: Sample.client6
            ),
            Case(
                testDescription: "IPv6 with SNAT",
                rules: ["ip6tables -w -t nat -A POSTROUTING -o outside -j SNAT --to-source fd02::100"],
                client: Endpoint(Sample.client6, 40000),
                serverAsSeen: Endpoint(Sample.server6, 21),
                server: Endpoint(Sample.server6, 21),
                clientAsSeen: .v6(high: 0xfd02 << 48, low: 0x100)
            ),
        ]
    }

    /// A network with a control connection, whose mark is 42, and the sockets of a daemon on the gateway.
    private struct Scene: ~Copyable {
        let network: Gateway
        let control: (client: TCPSocket, server: TCPSocket)
        let mapping: Mapping
        var conntrack: Conntrack
        var pinholes: PinholeSet
        var queue: PacketQueue

        static func make(_ shape: Case) throws -> Scene {
            let network = try Gateway()
            let gateway = network.gateway
            try gateway.run("ip addr add 10.1.0.100/32 dev inside")
            try gateway.run("ip addr add 10.2.0.100/32 dev outside")
            try gateway.run("ip addr add fd02::100/128 dev outside nodad")
            for rule in shape.rules { try gateway.run(rule) }
            for (iptables, set, family) in [
                ("iptables", "pinhole4", "inet"), ("ip6tables", "pinhole6", "inet6"),
            ] {
                try gateway.run(
                    "\(iptables) -w -t mangle -A PREROUTING -p tcp --dport 21 -j CONNMARK --set-mark 42"
                )
                try gateway.run("ipset create \(set) hash:ip,port,ip family \(family) timeout 300")
                try gateway.run(
                    "\(iptables) -w -t raw -A PREROUTING -p tcp --syn -m set --match-set \(set) dst,dst,src"
                        + " -j NFQUEUE --queue-num 20"
                )
            }
            var conntrack = try gateway.enter { try Conntrack.open() }
            let pinholes = try gateway.enter { try PinholeSet.open(.iptables) }
            let queue = try gateway.enter { try PacketQueue.open(20) }

            let listener = try network.server.enter { try TCPSocket.listen(at: shape.server) }
            let client = try network.client.enter {
                try TCPSocket.connect(from: shape.client, to: shape.serverAsSeen)
            }
            try #require(client.isConnected(within: 10_000))
            let server = try listener.accept().socket
            let entry = try conntrack.entry(for: Tuple(source: shape.client, destination: shape.serverAsSeen))
            return Scene(
                network: network,
                control: (client, server),
                mapping: try #require(entry).mapping,
                conntrack: conntrack,
                pinholes: pinholes,
                queue: queue
            )
        }

        /// Receives the queued SYN and handles it as the daemon does.
        mutating func establish(_ connection: ExpectedConnection) throws {
            var entry = pollfd(fd: queue.fileDescriptor, events: Int16(POLLIN), revents: 0)
            try #require(unsafe poll(&entry, 1, 10_000) == 1)
            var failure: SystemError?
            let packets = try queue.receive { _ in
                do throws(SystemError) { try conntrack.establish(connection) } catch { failure = error }
                return .accept
            }
            #expect(packets == 1)
            #expect(failure == nil)
        }
    }

    /// Connects the two ends as `expectation` says, and checks the addresses that they see.
    private func transfer(
        _ scene: inout Scene,
        _ expectation: FTPHelper.Expectation,
        from source: NetworkNamespace,
        port: UInt16,
        to destination: NetworkNamespace
    ) throws {
        let connection = Sample.connection(expectation, from: port)
        let listener = try destination.enter { try TCPSocket.listen(at: expectation.translatedTo) }
        try scene.pinholes.add(expectation, timeout: 300)
        let sender = try source.enter {
            try TCPSocket.connect(from: connection.original.source, to: connection.original.destination)
        }
        try scene.establish(connection)
        try #require(sender.isConnected(within: 10_000))
        try scene.pinholes.remove(expectation)

        let (receiver, peer) = try listener.accept()
        #expect(peer == Endpoint(expectation.translatedFrom, port))
        try sender.send(Array("listing".utf8))
        #expect(receiver.receive() == Array("listing".utf8))
        try receiver.send(Array("thanks".utf8))
        #expect(sender.receive() == Array("thanks".utf8))

        let entry = try #require(try scene.conntrack.entry(for: connection.original))
        #expect(entry.master == scene.mapping.original)
        #expect(entry.mark == 42)
        #expect(entry.tcpState == 3)
        #expect(entry.hasSeenReply)
        #expect(
            entry.mapping.reply
                == Tuple(
                    source: expectation.translatedTo,
                    destination: Endpoint(expectation.translatedFrom, port)
                )
        )
    }

    @Test(arguments: Case.all)
    func `active: the server reaches the client, twice from the same port`(shape: Case) throws {
        var scene = try Scene.make(shape)
        let expectation = Sample.expectation(
            master: scene.mapping.original,
            from: shape.server.address,
            to: Endpoint(shape.clientAsSeen, 5001),
            translatedFrom: shape.serverAsSeen.address,
            translatedTo: Endpoint(shape.client.address, scene.mapping.isTranslated ? 5002 : 5001)
        )
        for _ in 0..<2 {
            try transfer(
                &scene,
                expectation,
                from: scene.network.server,
                port: 20,
                to: scene.network.client
            )
        }
    }

    @Test(arguments: Case.all)
    func `passive: the client reaches the server, twice from the same port`(shape: Case) throws {
        var scene = try Scene.make(shape)
        let expectation = Sample.expectation(
            master: scene.mapping.original,
            from: shape.client.address,
            to: Endpoint(shape.serverAsSeen.address, 5001),
            translatedFrom: shape.clientAsSeen,
            translatedTo: Endpoint(shape.server.address, scene.mapping.isTranslated ? 5002 : 5001)
        )
        for _ in 0..<2 {
            try transfer(
                &scene,
                expectation,
                from: scene.network.client,
                port: 45000,
                to: scene.network.server
            )
        }
    }

    @Test func `an unexpected connection is not let through`() throws {
        let scene = try Scene.make(Case.all[0])
        let listener = try scene.network.client.enter {
            try TCPSocket.listen(at: Endpoint(Sample.client, 5001))
        }
        let sender = try scene.network.server.enter {
            try TCPSocket.connect(from: Endpoint(Sample.server, 20), to: Endpoint(Sample.client, 5001))
        }
        #expect(!sender.isConnected(within: 300))
        _ = consume listener
    }

    @Test func `a liberal control connection takes any sequence number`() throws {
        var scene = try Scene.make(Case.all[0])
        let gateway = scene.network.gateway
        try gateway.run("iptables -w -t mangle -A OUTPUT -m conntrack --ctstate INVALID")
        var injector = try gateway.enter { try PacketInjector.open() }
        // Empty ACKs from the client with numbers far outside the window, one before it and one after it.
        let strays = ["12345678 12345678", "92345678 92345678"].map {
            hex("45 00 0028 0000 0000 40 06 0000 0a010002 0a020002", "9c40 0015", $0, "50 10 ffff 0000 0000")
        }
        for stray in strays { try injector.send(stray) }
        let count = try counted(in: gateway)
        #expect(count > 0)
        try scene.conntrack.beLiberal(scene.mapping)
        for stray in strays { try injector.send(stray) }
        #expect(try counted(in: gateway) == count)
        try scene.control.client.send([1])
        #expect(scene.control.server.receive() == [1])
    }

    /// The packet counter of the only rule in mangle OUTPUT.
    private func counted(in namespace: NetworkNamespace) throws -> Int {
        let lines = try namespace.run("iptables -w -t mangle -nvxL OUTPUT").split(separator: "\n")
        return try #require(lines.last?.split(separator: " ").first.flatMap { Int($0) })
    }
}
