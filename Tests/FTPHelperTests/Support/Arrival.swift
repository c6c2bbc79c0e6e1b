// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// What the other side gets of a packet.
struct Arrival {
    let bytes: [UInt8]
    let segment: Segment

    /// `nil` if the packet is damaged.
    init?(_ bytes: [UInt8]) {
        guard hasRightChecksums(bytes), let segment = try? Segment(parsing: bytes.span) else { return nil }
        self.bytes = bytes
        self.segment = segment
    }

    var payload: ArraySlice<UInt8> { bytes[segment.payloadOffset..<segment.end] }
    var text: String { String(decoding: payload, as: UTF8.self) }
    var sequence: UInt32 { segment.sequence.value }
    var acknowledgement: UInt32 { segment.acknowledgement.value }
    var flags: TCPFlags { segment.flags }

    /// The edges of the SACK blocks.
    var sackBlocks: [[UInt32]] {
        (0..<segment.sackCount).map { block in
            [0, 4].map { edge in
                let offset = segment.sackOffset + block * 8 + edge
                return bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
            }
        }
    }
}
