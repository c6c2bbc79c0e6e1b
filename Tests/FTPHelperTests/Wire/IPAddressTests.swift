// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct IPAddressTests {
    private static func parse(_ text: String) -> IPAddress? {
        let bytes = Array(text.utf8)
        return IPAddress(parsing: bytes.span)
    }

    /// The text, and its form according to RFC 5952.
    static let accepted: [(text: String, canonical: String)] = [
        ("0.0.0.0", "0.0.0.0"),
        ("10.1.0.2", "10.1.0.2"),
        ("010.001.000.002", "10.1.0.2"),
        ("255.255.255.255", "255.255.255.255"),
        ("::", "::"),
        ("::1", "::1"),
        ("1::", "1::"),
        ("fd01::2", "fd01::2"),
        ("FD01::2", "fd01::2"),
        ("fd01:0:0:0:0:0:0:2", "fd01::2"),
        ("fd01:0000:0000:0000:0000:0000:0000:0002", "fd01::2"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8::aaaa", "2001:db8::aaaa"),
        ("0:0:1:0:0:0:0:0", "0:0:1::"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::10.1.0.2", "::a01:2"),
        ("::ffff:10.1.0.2", "::ffff:a01:2"),
        ("1:2:3:4:5:6:10.1.0.2", "1:2:3:4:5:6:a01:2"),
    ]

    @Test(arguments: accepted)
    func `an address is read in any form and written in the canonical one`(text: String, canonical: String) {
        let address = Self.parse(text)
        #expect(address?.description == canonical)
        #expect(Self.parse(canonical) == address)
    }

    @Test(arguments: [
        "", ".", "10", "10.1.0", "10.1.0.", ".10.1.0.2", "10.1.0.2.", "10.1.0.2.3", "10.1.0.256", "10.1.0.-2",
        "10.1.0.2 ", " 10.1.0.2", "10,1,0,2", "10.1..2", "0x0a.1.0.2", "10.1.0.+2", "4294967306.1.0.2",
        ":", ":::", "::1::", "1::2::3", ":1", "1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", "12345::", "g::", "fd01::2%eth0", "[fd01::2]", "fd01::2 ", "fd01::2/64",
        "1:2:3:4:5:6:7:10.1.0.2", "10.1.0.2::", "::10.1.0", "::10.1.0.256", "1.2.3.4:5",
        "\0::1", "::1\0", "１::",
    ])
    func `text that is no address is refused`(text: String) {
        #expect(Self.parse(text) == nil)
    }

    @Test func `every single bit is read and written`() {
        for bit in UInt64(0)..<64 {
            for address in [IPAddress.v6(high: 1 << bit, low: 0), .v6(high: 0, low: 1 << bit)] {
                #expect(Self.parse(address.description) == address)
            }
        }
        for bit in UInt32(0)..<32 {
            #expect(Self.parse(IPAddress.v4(1 << bit).description) == .v4(1 << bit))
        }
    }

    @Test func `every pattern of zero groups is read again, and the longest run is shortened`() {
        for pattern in 0..<256 {
            let groups = (0..<8).map { pattern >> $0 & 1 == 0 ? "0" : "a\($0)" }
            let long = groups.joined(separator: ":")
            guard let address = Self.parse(long) else {
                Issue.record("\(long) is refused")
                continue
            }
            let text = address.description
            #expect(Self.parse(text) == address)
            let zeros = groups.split { $0 != "0" }.map(\.count).max() ?? 0
            // The longest run of at least two zeros is gone, and only one.
            #expect(text.contains("::") == (zeros > 1))
            let left = text.split(separator: ":").filter { $0 == "0" }.count
            #expect(left == groups.filter { $0 == "0" }.count - (zeros > 1 ? zeros : 0))
        }
    }

    @Test func `an address that belongs to no host is recognised`() {
        #expect(IPAddress.v4(0).isUnspecified)
        #expect(IPAddress.v6(high: 0, low: 0).isUnspecified)
        #expect(!IPAddress.v4(1).isUnspecified)
        #expect(!IPAddress.v6(high: 1, low: 0).isUnspecified)
        #expect(!IPAddress.v6(high: 0, low: 1).isUnspecified)
    }

    @Test func `an endpoint has brackets around an IPv6 address`() {
        #expect(Endpoint(v4(10, 2, 0, 2), 5001).description == "10.2.0.2:5001")
        #expect(Endpoint(.v6(high: 0xfd01 << 48, low: 2), 5001).description == "[fd01::2]:5001")
    }
}
