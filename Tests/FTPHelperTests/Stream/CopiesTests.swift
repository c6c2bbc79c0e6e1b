// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// The first copy of a byte counts, whatever pieces it comes in and in whatever order.
@Suite struct CopiesTests {
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `of overlapping early segments the first copy of each byte is kept and goes on`(
        seed: UInt64
    ) {
        var random = Seeded(state: seed)
        let start = SequenceNumber(0xffff_ff00)
        let size = 700
        var stream = Stream(next: start)
        var first: [UInt8?] = Array(repeating: nil, count: size)

        /// Delivers a segment and compares the output.
        func send(_ bytes: [UInt8], at offset: Int) {
            let isConflicting = bytes.indices.contains { index in
                first[offset + index].map { $0 != bytes[index] } ?? false
            }
            let reading = stream.insert(
                bytes.span,
                at: start + offset,
                hasFIN: false,
                isInspected: true,
                mayEdit: false
            )
            guard let reading else {
                Issue.record("it is postponed")
                return
            }
            #expect(reading.isConflicting == isConflicting)
            stream.withhold(0, reading)
            for index in bytes.indices { first[offset + index] = first[offset + index] ?? bytes[index] }
            var packet: [UInt8] = []
            _ = stream.emit(
                bytes.span,
                at: start + offset,
                hasFIN: false,
                prefersFirstCopy: isConflicting,
                limit: 1500,
                into: &packet
            )
            #expect(packet == bytes.indices.map { first[offset + $0] })
        }

        for _ in 0..<40 {
            let count = Int.random(in: 1...60, using: &random)
            let letter = UInt8.random(in: 0x61...0x63, using: &random)
            send(Array(repeating: letter, count: count), at: Int.random(in: 1..<size - count, using: &random))
        }
        for (one, next) in zip(stream.ahead, stream.ahead.dropFirst()) {
            #expect(!one.end.isAfter(next.start))
        }
        #expect(stream.ahead.reduce(0) { $0 + $1.bytes.count } == first.count { $0 != nil })
        send(Array(repeating: 0x64, count: size), at: 0)
        #expect(stream.ahead.isEmpty && stream.next == start + size)
        #expect(stream.bytes == first.map { $0 ?? 0 })
        // Once more, for the bytes that are not acknowledged yet.
        send(Array(repeating: 0x65, count: 30), at: 100)
    }
}
