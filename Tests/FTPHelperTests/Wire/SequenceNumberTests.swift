// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct SequenceNumberTests {
    /// Around every place where 32 bits could go wrong.
    static let corners: [UInt32] = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff]
    static let counts = [0, 1, 2, 1460, 65535, 0x7fff_fffe, 0x7fff_ffff]

    @Test(arguments: corners, counts)
    func `the distance between two positions is right in both directions`(value: UInt32, count: Int) {
        let position = SequenceNumber(value)
        let later = position + count
        #expect(position.distance(to: later) == count)
        #expect(later.distance(to: position) == -count)
        #expect(later - count == position)
        #expect(position.isBefore(later) == (count > 0))
        #expect(later.isAfter(position) == (count > 0))
        #expect(!later.isBefore(position))
        #expect(!position.isAfter(later))
        #expect(SequenceNumber.earlier(position, later) == position)
        #expect(SequenceNumber.earlier(later, position) == position)
        #expect(SequenceNumber.later(position, later) == later)
        #expect(SequenceNumber.later(later, position) == later)
    }

    @Test(arguments: corners)
    func `adding a negative number goes back`(value: UInt32) {
        #expect(SequenceNumber(value) + -5 == SequenceNumber(value) - 5)
        #expect((SequenceNumber(value) + -5).distance(to: SequenceNumber(value)) == 5)
    }

    @Test(arguments: corners)
    func `a distance of half the space does not trap`(value: UInt32) {
        let opposite = SequenceNumber(value) + 1 << 31
        #expect(SequenceNumber(value).distance(to: opposite) == -(1 << 31))
    }
}
