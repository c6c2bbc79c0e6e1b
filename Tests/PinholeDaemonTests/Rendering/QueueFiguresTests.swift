// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon
import Testing

@Suite struct QueueFiguresTests {
    /// As the kernel writes it: `%5u %6u %5u %1u %5u %5u %5u %8u %2d`.
    private let text = """
           20   4711     1 2 65531     2     3        9  1
           21  -4096    10 2 65531    20    30       90  1
           22   4712   100 2 65531   200   300      900  1

        """

    @Test func `the figures of the selected queues are added up`() {
        let figures = QueueFigures(parsing: text, queues: [21, 20])
        #expect(figures.waiting == 11)
        #expect(figures.dropped == 2 + 3 + 20 + 30)
    }

    @Test func `queues that no process has bound have no figures`() {
        #expect(QueueFigures(parsing: text, queues: [7]) == QueueFigures())
        #expect(QueueFigures(parsing: "", queues: [20, 21]) == QueueFigures())
    }

    @Test func `lines of another form are ignored`() {
        #expect(QueueFigures(parsing: "20 1 1\nrubbish\n99999 1 1 2 3 4 5\n", queues: [20]) == QueueFigures())
    }
}
