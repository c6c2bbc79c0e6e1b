// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing

/// Which interfaces a packet can have come in by, asked of a gateway's own routes.
@Suite struct RoutingTests {
    @Test func `a packet is genuine only if it came from the interface of its sender`() throws {
        let gateway = try Gateway()
        var routing = try gateway.gateway.enter { try Routing.open() }
        let (inside, outside) = (try index("inside", of: gateway), try index("outside", of: gateway))
        let ends: [(IPAddress, IPAddress)] = [
            (.v4(0x0a01_0002), .v4(0x0a02_0002)),
            (.v6(high: 0xfd01 << 48, low: 2), .v6(high: 0xfd02 << 48, low: 2)),
        ]
        for (client, server) in ends {
            for (sender, receiver, own, other) in [
                (client, server, inside, outside), (server, client, outside, inside),
            ] {
                for (interface, isForged) in [(own, false), (other, true)] {
                    let origin = PacketOrigin(
                        sender: sender,
                        receiver: receiver,
                        interface: interface,
                        receiverInterface: other
                    )
                    #expect(try routing.isForged(origin, mark: 0, bridge: 0) == isForged)
                }
            }
        }
    }

    /// An IPv4 address of one of the two networks.
    private func host(_ network: UInt32, _ number: UInt32) -> IPAddress {
        .v4(10 << 24 | network << 16 | number)
    }

    /// A packet that came in by the gateway's inner interface, as its receiver's packets do if it is beside that one.
    private func origin(
        _ gateway: Gateway,
        _ sender: IPAddress,
        to receiver: IPAddress,
        isBeside: Bool = true,
        isTranslated: Bool = false
    ) throws -> PacketOrigin {
        let inside = try index("inside", of: gateway)
        return PacketOrigin(
            sender: sender,
            receiver: receiver,
            interface: inside,
            receiverInterface: isBeside ? inside : inside + 1000,
            isTranslated: isTranslated
        )
    }

    @Test func `two hosts behind one interface may talk, and a host elsewhere cannot pose as one of them`()
        throws
    {
        let gateway = try Gateway()
        var routing = try gateway.gateway.enter { try Routing.open() }
        for (sender, receiver, isForged) in [
            (host(1, 2), host(1, 3), false), (host(2, 2), host(1, 3), true), (host(2, 2), host(2, 3), true),
            (host(1, 2), host(2, 2), false),
        ] {
            let origin = try origin(gateway, sender, to: receiver)
            #expect(try routing.isForged(origin, mark: 0, bridge: 0) == isForged, "\(sender) \(receiver)")
        }
        // Packets of the receiver come by another interface: routes may differ by direction.
        let apart = try origin(gateway, host(2, 2), to: host(2, 3), isBeside: false)
        #expect(try routing.isForged(apart, mark: 0, bridge: 0) == false)
    }

    @Test
    func
        `a packet with the gateway's own address is forged, and a packet for the gateway may come by any interface`()
        throws
    {
        let gateway = try Gateway()
        try gateway.gateway.run("ip -6 addr add fe80::aa/64 dev inside nodad")
        var routing = try gateway.gateway.enter { try Routing.open() }
        let neighbour = { IPAddress.v6(high: 0xfe80 << 48, low: $0) }
        // It is the gateway's own as soon as the kernel has noticed that the link is there.
        let own = try origin(gateway, neighbour(0xaa), to: neighbour(2))
        try eventually {
            guard try routing.isForged(own, mark: 0, bridge: 0) else {
                throw SystemError("have the address", code: EADDRNOTAVAIL)
            }
        }
        for (sender, receiver, isForged) in [
            (host(1, 1), host(2, 2), true), (host(2, 1), host(1, 2), true), (host(2, 2), host(1, 1), false),
            (neighbour(2), neighbour(0xaa), false),
        ] {
            let origin = try origin(gateway, sender, to: receiver)
            #expect(try routing.isForged(origin, mark: 0, bridge: 0) == isForged, "\(sender) \(receiver)")
        }
    }

    @Test func `packets between two hosts behind one bridge port are forged, unless they are translated`()
        throws
    {
        let gateway = try Gateway()
        var routing = try gateway.gateway.enter { try Routing.open() }
        let bridge = try index("inside", of: gateway)
        for (isBeside, isTranslated, isForged) in [
            (true, false, true), (true, true, false), (false, false, false), (false, true, false),
        ] {
            var origin = try origin(
                gateway,
                host(1, 2),
                to: host(2, 2),
                isBeside: isBeside,
                isTranslated: isTranslated
            )
            origin = PacketOrigin(
                sender: origin.sender,
                receiver: origin.receiver,
                interface: 999,
                receiverInterface: isBeside ? 999 : 998,
                isTranslated: isTranslated
            )
            #expect(try routing.isForged(origin, mark: 0, bridge: bridge) == isForged)
        }
    }

    @Test func `a sender without a valid route is forged, but not on a bridge`()
        throws
    {
        let gateway = try Gateway()
        var routing = try gateway.gateway.enter { try Routing.open() }
        let bridge = try index("inside", of: gateway)
        let unknown = try origin(gateway, .v4(0xc000_0201), to: host(2, 2), isTranslated: true)
        #expect(try routing.isForged(unknown, mark: 0, bridge: 0))
        let bridged = PacketOrigin(
            sender: .v4(0xc000_0201),
            receiver: host(2, 2),
            interface: 999,
            receiverInterface: 999,
            isTranslated: true
        )
        #expect(try routing.isForged(bridged, mark: 0, bridge: bridge) == false)
        try gateway.gateway.run("sysctl -q -w net.ipv4.conf.inside.rp_filter=1")
        let apart = try origin(gateway, host(2, 2), to: host(2, 3), isBeside: false)
        #expect(try routing.isForged(apart, mark: 0, bridge: 0))
        #expect(try routing.isForged(bridged, mark: 0, bridge: bridge) == false)
    }

    @Test func `a packet's mark chooses its routes`() throws {
        let gateway = try Gateway()
        try gateway.gateway.run("ip rule add fwmark 7 lookup 100")
        try gateway.gateway.run("ip route add 10.2.0.0/24 dev inside table 100")
        var routing = try gateway.gateway.enter { try Routing.open() }
        let origin = try origin(gateway, host(2, 2), to: host(1, 2))
        for (mark, isForged) in [(0, true), (7, false), (8, true)] as [(UInt32, Bool)] {
            #expect(try routing.isForged(origin, mark: mark, bridge: 0) == isForged, "\(mark)")
        }
    }

    @Test func `many lookups do not slow down later ones`() throws {
        let gateway = try Gateway()
        var routing = try gateway.gateway.enter { try Routing.open() }
        let origin = try origin(gateway, host(1, 2), to: host(2, 2))
        // Were earlier questions asked again with each, their answers would soon have no room.
        for _ in 0..<500 { #expect(try routing.isForged(origin, mark: 0, bridge: 0) == false) }
    }

    /// The number of one of the gateway's interfaces.
    private func index(_ name: String, of gateway: Gateway) throws -> UInt32 {
        let line = try gateway.gateway.run("ip -o link show \(name)")
        return try #require(line.split(separator: ":").first.flatMap { UInt32($0) })
    }
}
