// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Netfilter

extension PacketQueue {
    /// Receives up to one batch of waiting packets and calls `rule` with the bytes of each.
    mutating func receive(
        _ rule: (borrowing Span<UInt8>) -> Verdict,
        settle: () -> Void = {}
    ) throws(SystemError) -> Int {
        try receive(
            { packets, number, bytes in packets[number].payload.map { rule(bytes.extracting($0)) } ?? .accept
            },
            settle: settle
        )
    }
}
