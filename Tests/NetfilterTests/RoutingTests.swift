// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Netfilter
import Testing

/// Which interfaces a packet can have come in by, asked of a gateway's own routes.
@Suite struct RoutingTests {
    @Test func `a packet can only have come in by the interface behind which its sender is`() throws {
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

    /// The number of one of the gateway's interfaces.
    private func index(_ name: String, of gateway: Gateway) throws -> UInt32 {
        let line = try gateway.gateway.run("ip -o link show \(name)")
        return try #require(line.split(separator: ":").first.flatMap { UInt32($0) })
    }
}
