// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

@Suite struct AddressPrefixTests {
    private func prefix(_ text: String) -> AddressPrefix? { AddressPrefix(parsing: Array(text.utf8).span) }
    private func address(_ text: String) -> IPAddress? { IPAddress(parsing: Array(text.utf8).span) }

    @Test(arguments: [
        ("10.2.0.2", "10.2.0.2", true), ("10.2.0.2", "10.2.0.3", false),
        ("10.2.0.0/16", "10.2.255.255", true),
        ("10.2.0.0/16", "10.3.0.0", false), ("10.2.0.0/15", "10.3.0.0", true),
        ("0.0.0.0/0", "255.1.2.3", true),
        ("10.2.0.2/32", "10.2.0.2", true), ("10.2.0.2/31", "10.2.0.3", true),
        ("fd02::/64", "fd02::1:2:3:4", true),
        ("fd02::/64", "fd02:0:0:1::", false), ("fd02::2", "fd02::2", true), ("fd02::2", "fd02::3", false),
        ("::/0", "ffff::1", true), ("::/0", "10.2.0.2", false), ("0.0.0.0/0", "::", false),
        ("fd02::2/127", "fd02::3", true), ("8000::/1", "ffff::", true), ("8000::/1", "7fff::", false),
    ])
    func `a prefix contains the addresses that begin with it`(_ text: String, _ other: String, _ isIn: Bool)
        throws
    {
        let found = try #require(prefix(text))
        #expect(try found.contains(#require(address(other))) == isIn)
    }

    @Test(arguments: [
        "", "/", "10.2.0.2/", "10.2.0.2/33", "10.2.0.1/16", "10.2.0.0/016x", "10.2.0.0/-1", "fd02::/129",
        "fd02::1/64",
        "10.2.0/24", "x/8", "10.2.0.0/16/16", "10.2.0.2 ", "10.2.0.0/99999999999",
    ])
    func `other text is no prefix`(_ text: String) { #expect(prefix(text) == nil) }

    @Test func `a single address is a prefix of full length`() {
        #expect(prefix("10.2.0.2") == prefix("10.2.0.2/32"))
        #expect(prefix("fd02::2") == prefix("fd02::2/128"))
    }
}
