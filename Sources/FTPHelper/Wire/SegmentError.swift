// SPDX-License-Identifier: GPL-2.0-or-later

/// The reason why a packet cannot be parsed as a TCP segment.
package enum SegmentError: Error, Hashable, Sendable {
    /// The packet is shorter than its headers say.
    case truncated
    /// The packet is neither IPv4 nor IPv6.
    case unknownVersion
    /// A length field is smaller than the header that contains it.
    case badLength
    /// The packet is a fragment. Conntrack reassembles datagrams before they are queued, so fragments are not
    /// expected.
    case fragment
    /// The packet is not TCP, or an extension header that cannot be skipped precedes the TCP header.
    case notTCP
}
