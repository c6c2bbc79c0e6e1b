// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Testing

@testable import Netfilter

struct QueueBindingTests {
    @Test func `each line of the kernel's list is a queue and its owner`() {
        let text = """
               20  30746     0 2 65531     0     0        0  1
               21 4294963196     3 2 65531     0     0        7  1

            """
        #expect(
            QueueBinding.parse(text) == [
                QueueBinding(queue: 20, port: 30746), QueueBinding(queue: 21, port: 4_294_963_196),
            ]
        )
    }

    @Test func `the list is read if the file is readable`() {
        let isReadable = unsafe access("/proc/net/netfilter/nfnetlink_queue", R_OK) == 0
        #expect(QueueBinding.areVisible == isReadable)
    }

    @Test func `other lines are ignored`() {
        #expect(QueueBinding.parse("") == [])
        #expect(QueueBinding.parse("queue port\n21\n70000 1 0\n") == [])
    }
}
