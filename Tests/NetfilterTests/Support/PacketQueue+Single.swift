// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Netfilter

extension PacketQueue {
    /// What a test does with a packet.
    enum Ruling {
        case accept
        case drop
        case replace([UInt8])
    }

    /// Receives up to one batch of waiting packets and calls `rule` with the bytes of each, and `settle` before verdicts are
    /// sent.
    mutating func receive(
        _ rule: (borrowing Span<UInt8>) -> Ruling,
        settle: () -> Void = {}
    ) throws(SystemError) -> Int {
        try receive { packets, bytes, verdicts in
            defer { settle() }
            for (number, packet) in packets.enumerated() {
                switch packet.payload.map({ rule(bytes.extracting($0)) }) ?? .accept {
                case .accept: verdicts.accept(packet.id)
                case .drop: verdicts.drop(packet.id)
                case .replace(let bytes): verdicts.replace(packet.id, with: bytes)
                }
                guard !verdicts.isFull else { return number + 1 }
            }
            return packets.count
        }
    }
}
