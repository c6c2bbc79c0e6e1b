// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

@Suite struct AccountTests {
    @Test func `an existing user has its numbers, and an unknown one is not found`() throws {
        #expect(try Account(named: "pinhole-no-such-user") == nil)
        let root = try #require(try Account(named: "root"))
        #expect(root.name == "root" && root.user == 0 && root.group == 0)
    }
}
