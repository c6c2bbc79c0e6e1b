// SPDX-License-Identifier: GPL-2.0-or-later
import Netfilter

/// The verdict on a packet, read from the messages to the kernel.
enum Ruling: Hashable {
    case accept
    case drop
    case replace([UInt8])

    /// What messages say of packets with these numbers; `nil` of those that they do not mention.
    static func all(in messages: [UInt8], on ids: [UInt32]) -> [Ruling?] {
        func little(_ offset: Int, _ size: Int) -> Int {
            (0..<size).reduce(0) { $0 | Int(messages[offset + $1]) << (8 * $1) }
        }
        func big(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 8 | UInt32(messages[offset + $1]) } }
        var found: [UInt32: Ruling] = [:]
        var offset = 0
        while offset + 32 <= messages.count {
            let (size, isBatch, id) = (little(offset, 4), messages[offset + 4] == 3, big(offset + 28))
            if isBatch {
                for other in ids where other <= id && found[other] == nil { found[other] = .accept }
            } else if size > 32 {
                let end = offset + 32 + little(offset + 32, 2)
                found[id] = .replace(Array(messages[offset + 36..<end]))
            } else {
                found[id] = big(offset + 24) == 0 ? .drop : .accept
            }
            offset += (size + 3) & ~3
        }
        return ids.map { found[$0] }
    }
}
