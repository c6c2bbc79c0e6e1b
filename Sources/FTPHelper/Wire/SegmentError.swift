/// Why a packet is no TCP segment that can be followed.
package enum SegmentError: Error, Hashable, Sendable {
    /// Shorter than its headers say.
    case truncated
    /// Neither IPv4 nor IPv6.
    case unknownVersion
    /// A length field smaller than the header that it stands in.
    case badLength
    /// A part of a datagram; conntrack puts these together before they are queued.
    case fragment
    /// Something else than TCP, or TCP behind an extension header that cannot be skipped.
    case notTCP
}
