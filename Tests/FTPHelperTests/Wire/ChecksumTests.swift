// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct ChecksumTests {
    private static func sum(_ bytes: [UInt8]) -> UInt64 { Checksum.sum(bytes.span, 0..<bytes.count) }

    /// RFC 1071 as it stands: each 16-bit word added with end-around carry.
    private static func naive(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += UInt32(bytes[index]) << 8 | (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
            if sum > 0xffff { sum -= 0xffff }
        }
        return ~UInt16(sum)
    }

    @Test func `the example of RFC 1071 has its checksum`() {
        #expect(Checksum.fold(Self.sum([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])) == ~0xddf2)
    }

    @Test func `the checksum equals the naive sum for bytes of any length`() {
        var random = Seeded(state: 1)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Checksum.fold(Self.sum(bytes)) == Self.naive(bytes))
        }
        #expect(Checksum.fold(Self.sum(.init(repeating: 0xff, count: 65535))) == 0x00ff)
    }

    @Test func `a range is summed independently of the bytes around it`() {
        let bytes: [UInt8] = [9, 1, 2, 3, 9]
        #expect(Checksum.sum(bytes.span, 1..<4) == Self.sum([1, 2, 3]))
        #expect(Checksum.sum(bytes.span, 2..<2) == 0)
    }

    @Test(arguments: 1...9)
    func `an updated checksum is that of the changed bytes`(count: Int) {
        var random = Seeded(state: UInt64(count))
        for _ in 0..<100 {
            let old = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let new = (0..<count + Int.random(in: 0...3, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let updated = Checksum.updated(
                Checksum.fold(Self.sum(old)),
                from: Self.sum(old),
                to: Self.sum(new)
            )
            // A sum of zero can be written in two ways.
            let right = Checksum.fold(Self.sum(new))
            #expect(
                updated == right || (updated == 0 && right == 0xffff) || (updated == 0xffff && right == 0)
            )
        }
    }

    @Test func `a wrong checksum stays as wrong as it was`() {
        let old: [UInt8] = [1, 2, 3, 4, 5]
        let new: [UInt8] = [1, 2, 9, 9, 9, 9]
        let right = Checksum.fold(Self.sum(old))
        for error: UInt16 in [1, 0x100, 0x8000, 0x1234] {
            let updated = Checksum.updated(right &+ error, from: Self.sum(old), to: Self.sum(new))
            #expect(updated != Checksum.fold(Self.sum(new)))
        }
    }
}
