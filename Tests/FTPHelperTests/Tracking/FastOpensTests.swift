// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// The SYNs from which payload was taken off.
@Suite struct FastOpensTests {
    @Test func `beyond the limit the oldest SYN is forgotten`() throws {
        let now = Instant(nanoseconds: 1)
        let tuple = { (number: Int) in
            Tuple(
                source: Endpoint(.v4(0x0a10_0000 + UInt32(number)), 40000),
                destination: Endpoint(v4(10, 2, 0, 2), 21)
            )
        }
        var opens = FastOpens()
        for number in 0...FastOpens.capacity { opens.distrust(tuple(number), at: now) }
        let packet = PacketBuilder(tuple: tuple(0).inverted, sequence: 1, acknowledgement: 1).bytes
        let arrival = HashedSegment(packet.span)
        let answer = try #require(arrival?.segment)
        #expect(!opens.contradict(answer, of: tuple(0), at: now))
        #expect(opens.contradict(answer, of: tuple(1), at: now))
        #expect(opens.contradict(answer, of: tuple(FastOpens.capacity), at: now))
    }
}
