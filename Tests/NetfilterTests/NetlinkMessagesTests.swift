// SPDX-License-Identifier: GPL-2.0-or-later
import Netfilter
import Testing

@Suite struct NetlinkMessagesTests {
    private func walk(_ bytes: [UInt8]) -> [NetlinkMessages.Message] {
        var messages = NetlinkMessages(in: 0..<bytes.count)
        var found: [NetlinkMessages.Message] = []
        while let message = messages.next(in: bytes.span) { found.append(message) }
        return found
    }

    private let first = hex("19000000 0003 0000 01000000 00000000", "02 00 0015", "0500 0100 aa", "000000")
    private let second = hex("14000000 0200 0000 02000000 00000000", "ffffffff")

    @Test func `each message has its type, its request and the range of its attributes`() {
        let messages = walk(first + second)
        #expect(messages.map(\.type) == [0x0300, 2])
        #expect(messages.map(\.sequence) == [1, 2])
        #expect(messages.map(\.payload) == [16..<25, 44..<48])
        #expect(messages.map(\.attributes) == [20..<25, 48..<48])
    }

    @Test func `a message truncated anywhere is ignored`() {
        for count in 0..<second.count {
            #expect(walk(first + second.prefix(count)).count == 1, "\(count) bytes")
        }
    }

    @Test func `a message too short for its second header has no attributes`() {
        let messages = walk(hex("11000000 0000 0000 00000000 00000000", "00"))
        #expect(messages.map(\.attributes) == [17..<17])
    }

    @Test(arguments: [0, 1, 15, 0x7fff_ffff, 0xffff_ffff] as [UInt32])
    func `an invalid length ends the walk`(size: UInt32) {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + second.dropFirst(4)
        #expect(walk(first + bytes).count == 1)
    }
}
