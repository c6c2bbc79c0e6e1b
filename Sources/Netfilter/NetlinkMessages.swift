// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter

/// Iterates over the netlink messages in one datagram.
///
/// Every length is checked, although the kernel wrote it: a message that is shorter than its header or reaches past the
/// datagram ends the iteration, and every step advances.
package struct NetlinkMessages {
    /// One message: fields of its header, and where it lies in the bytes.
    package struct Message {
        /// `nlmsg_type`: `NLMSG_ERROR`, or the subsystem and its message type.
        package let type: UInt16
        /// `nlmsg_seq`: the sequence number of the request that it answers.
        package let sequence: UInt32
        /// The bytes after the `nlmsghdr`.
        package let payload: Range<Int>

        /// The message with its `nlmsghdr`.
        var whole: Range<Int> { payload.lowerBound - headerSize..<payload.upperBound }

        /// The attributes, after the `nfgenmsg`; empty if that is truncated.
        package var attributes: Range<Int> {
            min(payload.lowerBound + genericHeaderSize, payload.upperBound)..<payload.upperBound
        }
    }

    private var offset: Int
    private let end: Int

    /// Iterates over the bytes in `range`, which may exceed those that `next` is given.
    package init(in range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    /// Returns the next message; `nil` at the end or if it is not complete.
    package mutating func next(in bytes: borrowing Span<UInt8>) -> Message? {
        guard
            let size = bytes.hostNumber(UInt32.self, at: offset, before: end),
            let type = bytes.hostNumber(UInt16.self, at: offset + 4, before: end),
            let sequence = bytes.hostNumber(UInt32.self, at: offset + 8, before: end),
            size >= headerSize, size <= end - offset, end <= bytes.count
        else { return nil }
        let payload = offset + headerSize..<offset + Int(size)
        offset += min((Int(size) + 3) & ~3, end - offset)
        return Message(type: type, sequence: sequence, payload: payload)
    }
}

/// Size of `struct nlmsghdr`.
private let headerSize = 16

/// Size of `struct nfgenmsg`.
private let genericHeaderSize = 4
