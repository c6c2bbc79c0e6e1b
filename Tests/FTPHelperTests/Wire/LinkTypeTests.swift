// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct LinkTypeTests {
    /// A name, the number of libpcap, the link header, and whether an IP packet is behind it.
    private static let headers: [(String, Int32, [UInt8], Bool)] = [
        ("Ethernet, IPv4", 1, ethernet([0x08, 0x00]), true),
        ("Ethernet, IPv6", 1, ethernet([0x86, 0xdd]), true),
        ("Ethernet, ARP", 1, ethernet([0x08, 0x06]), false),
        ("Ethernet with a length", 1, ethernet([0x00, 0x40]), false),
        ("Ethernet, PPPoE", 1, ethernet([0x88, 0x64]), false),
        ("802.1Q", 1, ethernet([0x81, 0x00, 0x00, 0x05, 0x08, 0x00]), true),
        ("802.1Q, ARP", 1, ethernet([0x81, 0x00, 0x00, 0x05, 0x08, 0x06]), false),
        ("802.1ad", 1, ethernet([0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x07, 0x86, 0xdd]), true),
        ("three tags", 1, ethernet([0x91, 0, 0, 1, 0x91, 0, 0, 2, 0x81, 0, 0, 3, 0x08, 0x00]), true),
        ("cooked, IPv4", 113, [0, 0, 0, 1, 0, 6] + [UInt8](repeating: 9, count: 8) + [0x08, 0x00], true),
        ("cooked, IPv6", 113, [UInt8](repeating: 0, count: 14) + [0x86, 0xdd], true),
        ("cooked, tagged", 113, [UInt8](repeating: 0, count: 14) + [0x81, 0, 0, 5, 0x08, 0x00], true),
        ("cooked, ARP", 113, [UInt8](repeating: 0, count: 14) + [0x08, 0x06], false),
        ("cooked 2, IPv4", 276, [0x08, 0x00] + [UInt8](repeating: 0, count: 18), true),
        ("cooked 2, IPv6", 276, [0x86, 0xdd] + [UInt8](repeating: 0, count: 18), true),
        ("cooked 2, tagged", 276, [0x81, 0x00] + [UInt8](repeating: 0, count: 18) + [0, 5, 8, 0], true),
        ("cooked 2, ARP", 276, [0x08, 0x06] + [UInt8](repeating: 0, count: 18), false),
        ("loopback, IPv4, little-endian", 0, [2, 0, 0, 0], true),
        ("loopback, IPv4, big-endian", 0, [0, 0, 0, 2], true),
        ("loopback, IPv6 of macOS, little-endian", 0, [30, 0, 0, 0], true),
        ("loopback, IPv6 of FreeBSD, big-endian", 0, [0, 0, 0, 28], true),
        ("loopback, IPv6 of NetBSD", 0, [24, 0, 0, 0], true),
        ("loopback, IPv6 of Windows", 0, [23, 0, 0, 0], true),
        ("loopback, IPv6 of Linux", 0, [10, 0, 0, 0], true),
        ("loopback, OSI", 0, [7, 0, 0, 0], false),
        ("loopback, nothing that there is", 0, [2, 0, 0, 2], false),
        ("OpenBSD loopback, IPv4", 108, [0, 0, 0, 2], true),
        ("OpenBSD loopback, IPv6", 108, [0, 0, 0, 24], true),
        ("bare IP", 12, [], true),
        ("bare IP of OpenBSD", 14, [], true),
        ("bare IP in a file", 101, [], true),
        ("bare IPv4", 228, [], true),
        ("bare IPv6", 229, [], true),
    ]

    private static func ethernet(_ rest: [UInt8]) -> [UInt8] { [UInt8](repeating: 2, count: 12) + rest }

    @Test(arguments: headers)
    func `the packet after a valid link header is found`(
        _ name: String,
        _ number: Int32,
        _ header: [UInt8],
        _ isInternet: Bool
    ) throws {
        let linkType = try #require(LinkType(number))
        let frame = header + [0x45, 1, 2, 3, 4]
        #expect(linkType.packet(in: frame.span) == (isInternet ? header.count..<frame.count : nil))
    }

    @Test(arguments: headers)
    func `a frame that ends in its link header has no packet`(
        _ name: String,
        _ number: Int32,
        _ header: [UInt8],
        _ isInternet: Bool
    ) throws {
        let linkType = try #require(LinkType(number))
        for count in 0...header.count {
            #expect(linkType.packet(in: Array(header.prefix(count)).span) == nil, "\(count) bytes")
        }
    }

    @Test func `a frame of tags alone has no packet`() {
        let frame = (0..<4096).map { $0 % 2 == 0 ? UInt8(0x81) : 0 }
        #expect(LinkType.ethernet.packet(in: frame.span) == nil)
    }

    @Test(arguments: [9, 105, 127, 192, 1000, -1] as [Int32])
    func `other link types are refused`(_ number: Int32) {
        #expect(LinkType(number) == nil)
    }
}
