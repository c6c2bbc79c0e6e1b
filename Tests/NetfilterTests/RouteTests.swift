// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import Netfilter

/// The kernel's answers about routes, as bytes: `struct rtmsg` and attributes.
@Suite struct RouteTests {
    /// An answer whose route has a type (`RTN_...`).
    private func message(_ type: String, _ attributes: [UInt8] = []) -> [UInt8] {
        hex("02 20 00 00 fe 00 00 \(type) 00000000") + attributes
    }

    private func route(_ bytes: [UInt8]) -> Route { Route(parsing: 0..<bytes.count, in: bytes.span) }

    private let interface = hex("0800 0400 07000000")  // RTA_OIF
    private let hops = hex(
        "2400 0900",  // RTA_MULTIPATH
        "1000 00 00 08000000 0800 0500 0a000001",  // with RTA_GATEWAY
        "0800 00 00 09000000",
        "0800 00 00 0a000000"
    )

    @Test func `a route leads to this host, through an interface, or nowhere`() {
        #expect(route(message("02")) == .local)
        #expect(route(message("01", interface)) == .interfaces([7]))
        #expect(route(message("07", interface)) == .none, "unreachable")
        #expect(route(message("01")) == .interfaces([]))
    }

    @Test func `a route with several next hops leads through any of their interfaces`() {
        #expect(route(message("01", hops)) == .interfaces([8, 9, 10]))
        #expect(route(message("01", hops + interface)) == .interfaces([7, 8, 9, 10]))
    }

    @Test func `a next hop that is too short or truncated ends the list`() {
        for (size, found) in [("0700", [8]), ("0000", [8]), ("0800", [8, 9])] as [(String, Set<UInt32>)] {
            let hops = hex("1400 0900 0800 00 00 08000000", size, "00 00 09000000")
            #expect(route(message("01", hops)) == .interfaces(found), "\(size)")
        }
        #expect(route(message("01", hex("0f00 0900 0800 00 00 08000000 0800 00 00"))) == .interfaces([8]))
    }

    @Test func `a truncated answer is no route`() {
        let bytes = message("02")
        for count in 0..<12 { #expect(Route(parsing: 0..<count, in: bytes.span) == .none, "\(count)") }
        #expect(Route(parsing: 0..<12, in: bytes.span) == .local)
        #expect(Route(parsing: 1..<13, in: bytes.span) == .none)
        #expect(Route(parsing: 4..<40, in: bytes.span) == .none)
    }

    @Test func `a truncated interface number is ignored`() {
        #expect(route(message("01", hex("0600 0400 0700 0000"))) == .interfaces([]))
    }
}
