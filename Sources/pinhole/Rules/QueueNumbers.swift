// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon

/// The two queues between the rules and the daemon (`--queue-num`).
struct QueueNumbers: Hashable, Sendable {
    /// Packets of control connections.
    var control: UInt16 = 21
    /// The first packets of expected data connections.
    var data: UInt16 = 20
}

extension QueueNumbers {
    /// Reads `CONTROL,DATA`.
    init(_ value: GivenValue) throws(UserError) {
        let numbers = try value.numbers(in: 0...UInt16.max, count: 2)
        self.init(control: numbers[0], data: numbers[1])
    }
}
