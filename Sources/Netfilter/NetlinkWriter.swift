// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
package import FTPHelper

/// Encodes nfnetlink messages, one after another, in one buffer.
///
///     +----------+----------+---------------+---------------+-----
///     | nlmsghdr | nfgenmsg | nlattr, value | nlattr, value | ...     the next message follows without a gap
///     | 16 bytes |  4 bytes |  4 +  n bytes |               |
///     +----------+----------+---------------+---------------+-----
///
/// Headers are in host byte order, numbers in netfilter's attributes in network byte order. Values are padded to four
/// bytes. It works on an array and needs no pointers.
package struct NetlinkWriter {
    /// The messages written so far.
    package private(set) var bytes: [UInt8] = []

    /// Creates an empty buffer with storage for `capacity` bytes.
    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Overwrites the messages with zeros and removes them; the storage is kept.
    package mutating func clear() {
        var written = bytes.mutableSpan
        written.update(repeating: 0)
        bytes.removeAll(keepingCapacity: true)
    }

    /// Writes one message with the attributes that `body` writes.
    ///
    /// - Parameters:
    ///   - subsystem: `NFNL_SUBSYS_...`.
    ///   - command: The subsystem's message type.
    ///   - flags: `NLM_F_...`; `NLM_F_REQUEST` is added.
    ///   - sequence: `nlmsg_seq`, which the kernel repeats in its answer.
    ///   - family: `AF_INET`, `AF_INET6` or `AF_UNSPEC` (`nfgen_family`).
    ///   - resource: `res_id` in network byte order; for a transaction, the subsystem that it is for.
    ///   - body: Writes the attributes.
    package mutating func message(
        subsystem: Int32,
        command: UInt32,
        flags: Int32,
        sequence: UInt32,
        family: Int32,
        resource: UInt16 = 0,
        _ body: (inout NetlinkWriter) -> Void
    ) {
        let start = bytes.count
        append(UInt32(0))
        append((UInt16(subsystem) << 8 | UInt16(command)).bigEndian)
        append(UInt16(NLM_F_REQUEST | flags).bigEndian)
        append(sequence.bigEndian)
        append(UInt32(0))
        append(UInt8(family))
        append(UInt8(NFNETLINK_V0))
        append(resource)
        body(&self)
        overwrite(UInt32(bytes.count - start).bigEndian, at: start)
    }

    /// Writes an `RTM_GETROUTE` request with the attributes that `body` writes; their numbers are in host byte order.
    ///
    /// `RTM_F_FIB_MATCH` asks for the route as it is in the table, with all its next hops.
    mutating func routeMessage(
        sequence: UInt32,
        family: Int32,
        hasSource: Bool,
        _ body: (inout NetlinkWriter) -> Void
    ) {
        let start = bytes.count
        append(UInt32(0))
        append(UInt16(RTM_GETROUTE).bigEndian)
        append(UInt16(NLM_F_REQUEST).bigEndian)
        append(sequence.bigEndian)
        append(UInt32(0))
        // struct rtmsg: family, prefix lengths of destination and source, five bytes that lookups do not use, flags.
        let addressSize = UInt8(family == AF_INET ? 32 : 128)
        bytes += [UInt8(family), addressSize, hasSource ? addressSize : 0, 0, 0, 0, 0, 0]
        append(UInt32(RTM_F_FIB_MATCH).bigEndian)
        body(&self)
        overwrite(UInt32(bytes.count - start).bigEndian, at: start)
    }

    /// Writes an attribute that contains the attributes that `body` writes (`NLA_F_NESTED`).
    package mutating func nest(_ type: some BinaryInteger, _ body: (inout NetlinkWriter) -> Void) {
        attribute(UInt16(type) | UInt16(NLA_F_NESTED), body)
    }

    /// Writes an attribute whose value is a number in network byte order.
    package mutating func put(_ type: some BinaryInteger, _ value: some FixedWidthInteger & UnsignedInteger) {
        attribute(UInt16(type)) { $0.append(value) }
    }

    /// Writes an attribute whose value is an address; its type depends on the address family.
    package mutating func put(_ address: IPAddress, v4: some BinaryInteger, v6: some BinaryInteger) {
        switch address {
        case .v4(let value):
            put(v4, value)
        case .v6(let high, let low):
            attribute(UInt16(v6)) {
                $0.append(high)
                $0.append(low)
            }
        }
    }

    /// Writes an attribute whose value is `value`, of at most 65531 bytes.
    package mutating func put(_ type: some BinaryInteger, bytes value: [UInt8]) {
        attribute(UInt16(type)) { $0.bytes += value }
    }

    /// Writes an attribute whose value is NUL-terminated text.
    package mutating func put(_ type: some BinaryInteger, text: String) {
        attribute(UInt16(type)) {
            $0.bytes += text.utf8
            $0.bytes.append(0)
        }
    }

    private mutating func attribute(_ type: UInt16, _ value: (inout NetlinkWriter) -> Void) {
        let start = bytes.count
        append(UInt16(0))
        append(type.bigEndian)
        value(&self)
        overwrite(UInt16(bytes.count - start).bigEndian, at: start)
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    /// Appends a number in network byte order; `append(value.bigEndian)` appends it in host byte order.
    private mutating func append<Number: FixedWidthInteger & UnsignedInteger>(_ value: Number) {
        for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Number(shift)))
        }
    }

    private mutating func overwrite<Number: FixedWidthInteger & UnsignedInteger>(
        _ value: Number,
        at offset: Int
    ) {
        for index in 0..<Number.bitWidth / 8 {
            let shift = Number.bitWidth - 8 - 8 * index
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> Number(shift))
        }
    }
}
