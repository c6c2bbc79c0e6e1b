// SPDX-License-Identifier: GPL-2.0-or-later
import Netfilter
import Testing

@Suite struct VerdictsTests {
    private let accept = "00000001"
    private let drop = "00000000"

    /// A verdict message for queue 258, with a message type, a verdict and a packet number.
    private func message(_ type: String, _ verdict: String, _ id: String) -> [UInt8] {
        hex("20000000", type, "0100 00000000 00000000", "00 00 0102", "0c00 0200", verdict, id)
    }

    @Test func `an empty batch has no message`() {
        var verdicts = VerdictBatch(queue: 258)
        verdicts.finish()
        #expect(verdicts.bytes.isEmpty)
    }

    @Test func `a run of accepted packets is one message with the last id`() {
        var verdicts = VerdictBatch(queue: 258)
        for id in 1...5 as ClosedRange<UInt32> { verdicts.accept(id) }
        verdicts.finish()
        #expect(verdicts.bytes == message("0303", accept, "00000005"))
    }

    @Test func `a run is accepted before the next packet is dropped or replaced`() {
        var verdicts = VerdictBatch(queue: 258)
        verdicts.accept(1)
        verdicts.accept(2)
        verdicts.drop(3)
        verdicts.accept(4)
        verdicts.replace(5, with: [0x45, 0x00])
        verdicts.drop(6)
        verdicts.accept(7)
        verdicts.finish()
        #expect(
            verdicts.bytes
                == message("0303", accept, "00000002")
                + message("0103", drop, "00000003")
                + message("0303", accept, "00000004")
                + hex(
                    "28000000 0103 0100 00000000 00000000 00 00 0102",
                    "0c00 0200 00000001 00000005",
                    "0600 0a00 4500 0000"  // NFQA_PAYLOAD
                )
                + message("0103", drop, "00000006")
                + message("0303", accept, "00000007")
        )
    }

    @Test func `finishing twice adds no message, and clearing removes all`() {
        var verdicts = VerdictBatch(queue: 258)
        verdicts.accept(1)
        verdicts.finish()
        let first = verdicts.bytes
        verdicts.finish()
        #expect(verdicts.bytes == first)
        verdicts.clear()
        verdicts.finish()
        #expect(verdicts.bytes.isEmpty)
    }

    @Test func `a replacement too large for an attribute becomes a drop`() {
        var verdicts = VerdictBatch(queue: 258)
        verdicts.replace(1, with: [UInt8](repeating: 0, count: 65532))
        verdicts.finish()
        #expect(verdicts.bytes == message("0103", drop, "00000001"))
    }

    @Test func `the largest replacement fits`() {
        var verdicts = VerdictBatch(queue: 258)
        verdicts.replace(1, with: [UInt8](repeating: 0x5a, count: 65531))
        verdicts.finish()
        #expect(verdicts.bytes.count == 32 + 65536)
        #expect(verdicts.bytes[32..<36] == [0xff, 0xff, 0x0a, 0x00])
    }
}
