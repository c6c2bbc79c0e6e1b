import Linux
import Netfilter

extension PacketQueue {
    /// Takes what waits, up to one batch, and asks `rule` for each packet by itself.
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
