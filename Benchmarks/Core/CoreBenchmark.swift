// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// What the core alone costs: time and allocations a packet, bytes a connection and an expectation.
///
/// Prints a table. Ends with status 1 if a packet that announces nothing allocated anything, or a connection or an
/// expectation takes more than it may; times are shown and never judged.
@main
struct CoreBenchmark {
    static func main() {
        var isWithinBounds = true
        print(
            "Packets come in batches of 32, as the daemon gets them when it has much to do, and (one by one)."
        )
        print(
            "connections  B/connection  B/expectation  B/edit    ns/command   ns/shifted ack  ns/PORT  allocations/packet"
        )
        for count in [1_000, 100_000, 1_000_000] {
            var load = Load(connections: count)
            let cost = load.measure()
            print(
                pad("\(count)", 11) + pad("\(cost.connectionBytes)", 14) + pad("\(cost.expectationBytes)", 15)
                    + pad("\(cost.editBytes)", 8)
                    + pad("\(cost.command) (\(cost.loneCommand))", 14)
                    + pad("\(cost.shiftedAcknowledgement) (\(cost.loneAcknowledgement))", 17)
                    + pad("\(cost.port)", 9) + pad("\(cost.allocations)", 20)
            )
            isWithinBounds =
                isWithinBounds && cost.allocations == 0 && cost.connectionBytes <= 512
                && cost.expectationBytes <= 256
        }
        exit(isWithinBounds ? EXIT_SUCCESS : EXIT_FAILURE)
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
}
