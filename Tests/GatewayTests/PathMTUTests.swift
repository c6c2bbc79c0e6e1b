// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Links that carry less than others, of which only error messages tell (contract B7).
///
/// The ends advertise segments that are too large for a link behind the gateway, and nothing clamps them.
@Suite struct PathMTUTests {
    /// Where a link that carries 1400 bytes begins, and so who tells of it.
    enum Teller: String, CaseIterable { case gateway, router }

    /// Whose stream is edited and then too large, and what becomes of its announcements.
    struct Case: Sendable, CustomTestStringConvertible {
        let topology: Topology
        let end: Host
        let sent: String
        let read: String

        var testDescription: String { "\(topology.name), \(end)" }

        /// The server announces itself, in numbers filled up with zeros where there is NAT.
        static func server(_ topology: Topology) -> Case {
            let own =
                topology.serverKnownAs == nil
                ? "0,0,0,0,19" : numbers(topology.server, isFilled: true) + ",019"
            return Case(
                topology: topology,
                end: .server,
                sent: "227 ok (\(own),138)",
                read: "227 ok (\(numbers(topology.dialled)),19,138)"
            )
        }

        static func client(_ topology: Topology) -> Case {
            guard topology.isIPv6 else {
                return Case(
                    topology: topology,
                    end: .client,
                    sent: "PORT \(numbers(topology.client)),19,137",
                    read: "PORT \(numbers(topology.seen)),19,137"
                )
            }
            return Case(
                topology: topology,
                end: .client,
                sent: "EPRT |2|\(topology.client)|5001|",
                read: "EPRT |2|\(topology.seen)|5001|"
            )
        }

        private static func numbers(_ address: String, isFilled: Bool = false) -> String {
            address.split(separator: ".").map { number in
                String(repeating: "0", count: isFilled ? 3 - number.count : 0) + number
            }.joined(separator: ",")
        }
    }

    private static let snat6 = Topology(
        name: "IPv6 SNAT",
        client: "fd01::abcd:2",
        server: "fd02::2",
        clientSeenAs: "fd09::100"
    )
    private static let bothNATs6 = Topology(
        name: "IPv6 SNAT and DNAT",
        client: "fd01::2",
        server: "fd02::2",
        clientSeenAs: "fd09::abcd:100",
        serverKnownAs: "fd01::200"
    )

    static let cases: [Case] = [
        .server(.routed), .server(.longerDNAT), .server(.bothNATs), .client(.shorterSNAT), .client(.bothNATs),
        .client(snat6), .client(bothNATs6),
    ]

    @Test(.gateway, arguments: cases, Teller.allCases)
    func `a sender of oversized packets gets an ICMP error with its own sequence numbers`(
        _ example: Case,
        teller: Teller
    ) async throws {
        try await Gateway.withPinhole(example.topology) { gateway in
            // What comes from one end goes to the other.
            let receiver: Host = example.end == .server ? .client : .server
            switch teller {
            case .gateway:
                let words = ["ip", "-n", "gateway", "link", "set", receiver.rawValue, "mtu", "1400"]
                try await gateway.lab.require(words)
            case .router: try await gateway.addRouter(before: receiver, mtu: 1400)
            }
            for times in [1, 50] {
                let ends = [example.topology.server, example.topology.dialled, "21", example.end.rawValue]
                let what = [example.sent, example.read, String(times), "2005"]
                try await gateway.lab.require(["ip", "-n", example.end.rawValue, "route", "flush", "cache"])
                try await gateway.requireScript("mtu", ends + what)
            }
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.errors.allSatisfy { $0.value == 0 }, "\(statistics.errors)")
        }
    }
}

extension Gateway {
    /// Puts a router between the gateway and another host, to which its link carries so many bytes.
    fileprivate func addRouter(before host: Host, mtu: Int) async throws {
        let address = host == .client ? topology.client : topology.server
        let (length, net) = topology.isIPv6 ? ("64", "fd99::") : ("24", "10.99.0.")
        let nodad = topology.isIPv6 ? " nodad" : ""
        let router = Gateway.neighbour(of: address)
        let network = address.hasPrefix("fd") ? "\(router.dropLast(1))/64" : "\(router.dropLast(1))0/24"
        let script = """
            ip netns add router
            ip netns exec router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            ip -n router link set lo up
            ip -n gateway link del \(host)
            ip -n gateway link add \(host) type veth peer name gateway netns router
            ip -n gateway addr add \(net)1/\(length) dev \(host)\(nodad)
            ip -n gateway link set \(host) up
            ip -n router addr add \(net)2/\(length) dev gateway\(nodad)
            ip -n router link set gateway up
            ip -n router link add \(host) type veth peer name gateway netns \(host)
            ip -n router addr add \(router)/\(length) dev \(host)\(nodad)
            ip -n router link set \(host) up mtu \(mtu)
            ip -n \(host) addr add \(address)/\(length) dev gateway\(nodad)
            ip -n \(host) link set gateway up
            ip -n \(host) route add default via \(router)
            ip -n router route add default via \(net)1
            ip -n gateway route add \(network) via \(net)2
            """
        try await lab.require(["sh", "-ec", script])
    }
}
