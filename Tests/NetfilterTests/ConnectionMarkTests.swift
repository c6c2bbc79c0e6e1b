// SPDX-License-Identifier: GPL-2.0-or-later
import Netfilter
import Testing

@Suite struct ConnectionMarkTests {
    @Test(
        arguments: [
            ("7", 0x2a, 7), ("0x7", 0x2a, 7), ("0x100/0x100", 0x2a, 0x12a), ("0/0xff", 0x12a, 0x100),
            ("0/0", 0x2a, 0x2a),
            ("0xffffffff", 0, 0xffff_ffff), ("0xABC/0xFFF", 0, 0xabc),
        ] as [(String, UInt32, UInt32)]
    )
    func `a mark sets the bits of its mask and leaves the others`(
        _ text: String,
        _ master: UInt32,
        _ data: UInt32
    ) throws {
        #expect(try #require(ConnectionMark(parsing: text)).applied(to: master) == data)
    }

    @Test(arguments: [
        "", "/", "1/", "/1", "x", "-1", "+1", "0x", "0x100000000", "1/2/3", "0x100/0xff", "1 ", "0x-1",
    ])
    func `other text is no mark`(_ text: String) { #expect(ConnectionMark(parsing: text) == nil) }
}
