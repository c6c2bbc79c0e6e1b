// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import Netfilter

@Suite struct QueueMessagesTests {
    @Test func `a request binds a queue and sets its length`() {
        let messages = QueueMessages()
        messages.configure(258, [.bind, .maximumLength(4096)], sequence: 7, acknowledged: true)
        #expect(
            messages.bytes
                == hex(
                    "24000000 0203 0500 07000000 00000000",  // NFQNL_MSG_CONFIG, REQUEST | ACK
                    "00 00 0102",
                    "0800 0100 01 00 0000",  // NFQA_CFG_CMD: NFQNL_CFG_CMD_BIND
                    "0800 0300 00001000"  // NFQA_CFG_QUEUE_MAXLEN
                )
        )
    }

    @Test func `a request lets packets pass when the queue is full`() {
        let messages = QueueMessages()
        messages.configure(22, [.maximumLength(16), .passWhenFull], sequence: 1, acknowledged: true)
        #expect(
            messages.bytes
                == hex(
                    "2c000000 0203 0500 01000000 00000000 00 00 0016",
                    "0800 0300 00000010",  // NFQA_CFG_QUEUE_MAXLEN
                    "0800 0500 00000001",  // NFQA_CFG_FLAGS: NFQA_CFG_F_FAIL_OPEN
                    "0800 0400 00000001"  // NFQA_CFG_MASK
                )
        )
    }

    @Test func `a request without acknowledgement sets the copy mode`() {
        let messages = QueueMessages()
        messages.configure(0, [.checkCapability], sequence: 1, acknowledged: true)
        messages.configure(21, [.copyPackets(size: 65535)], sequence: 0, acknowledged: false)
        #expect(
            messages.bytes
                == hex(
                    "1c000000 0203 0500 01000000 00000000 00 00 0000",
                    "0800 0100 03 00 0000",  // NFQA_CFG_CMD: NFQNL_CFG_CMD_PF_BIND
                    "20000000 0203 0100 00000000 00000000 00 00 0015",
                    "0900 0200 0000ffff 02 000000"  // NFQA_CFG_PARAMS: range, NFQNL_COPY_PACKET, padding
                )
        )
    }

    @Test func `a packet too large for an attribute ends the process`() async {
        await #expect(processExitsWith: .success) {
            QueueMessages().putReplacement(21, 1, [UInt8](repeating: 0, count: 65531))
        }
        await #expect(processExitsWith: .failure) {
            QueueMessages().putReplacement(21, 1, [UInt8](repeating: 0, count: 65532))
        }
    }
}
