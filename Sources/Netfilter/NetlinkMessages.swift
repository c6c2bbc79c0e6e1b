import CNetfilter

/// Walks the messages that one datagram holds, from the first on.
///
/// No length is trusted, the kernel's neither: one that is shorter than a header, or reaches beyond what was
/// received, ends the walk, and every step goes forward.
package struct NetlinkMessages {
    /// One message: what its header says, and where its payload lies in the bytes walked.
    package struct Message {
        /// `nlmsg_type`: `NLMSG_ERROR`, or the subsystem and its command.
        package let type: UInt16
        /// `nlmsg_seq`: the request that it answers.
        package let sequence: UInt32
        /// What follows the `nlmsghdr`.
        package let payload: Range<Int>

        /// Where the attributes lie, behind the `nfgenmsg`; empty if that is cut short.
        package var attributes: Range<Int> {
            min(payload.lowerBound + genericHeaderSize, payload.upperBound)..<payload.upperBound
        }
    }

    private var offset: Int
    private let end: Int

    /// Walks the bytes in `range`, which need not be there.
    package init(in range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next message, or `nil` where there is none that is whole.
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
