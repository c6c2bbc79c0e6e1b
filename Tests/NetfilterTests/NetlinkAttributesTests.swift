// SPDX-License-Identifier: GPL-2.0-or-later
import Netfilter
import Testing

@Suite struct NetlinkAttributesTests {
    /// The types and values of the attributes that are found.
    private func walk(_ bytes: [UInt8], in range: Range<Int>? = nil) -> [(type: Int, value: [UInt8])] {
        var attributes = NetlinkAttributes(in: range ?? 0..<bytes.count)
        var found: [(type: Int, value: [UInt8])] = []
        while let attribute = attributes.next(in: bytes.span) {
            found.append((attribute.type, Array(bytes[attribute.value])))
        }
        return found
    }

    @Test func `types are read without flags and values without padding`() {
        let found = walk(hex("0500 0180 aa 000000", "0600 0240 bbcc 0000", "0400 03c0"))
        #expect(found.map(\.type) == [1, 2, 3])
        #expect(found.map(\.value) == [[0xaa], [0xbb, 0xcc], []])
    }

    @Test func `the last attribute may lack its padding`() {
        #expect(walk(hex("0500 0100 aa")).map(\.value) == [[0xaa]])
    }

    @Test(arguments: [0, 1, 2, 3] as [UInt8])
    func `a length shorter than the header ends the walk`(size: UInt8) {
        #expect(walk(hex("0500 0100 aa 000000") + [size, 0, 2, 0]).map(\.type) == [1])
    }

    @Test func `a length beyond the end ends the walk`() {
        #expect(walk(hex("0500 0100 aa 000000", "0900 0200 bbccddee")).map(\.type) == [1])
        #expect(walk(hex("ffff 0100 aa 000000")).isEmpty)
    }

    @Test func `an attribute does not reach beyond the one that contains it`() {
        let bytes = hex("0800 0100 aabbccdd", "0800 0200 aabbccdd")
        #expect(walk(bytes, in: 0..<7).isEmpty)
        #expect(walk(bytes, in: 0..<12).map(\.type) == [1])
    }

    @Test func `an empty range has no attributes`() {
        #expect(walk(hex("0500 0100 aa 000000"), in: 0..<64).isEmpty)
        #expect(walk([], in: 4..<64).isEmpty)
    }
}
