import CNetfilter

/// Where the kernel would send a packet, as an `RTM_NEWROUTE` tells of it.
enum Route: Hashable {
    /// To this host itself.
    case local
    /// Out by one of these interfaces: one, unless there are several next hops.
    case interfaces(Set<UInt32>)
    /// Nowhere: such a packet is dropped for where it comes from (`rp_filter`, martians).
    case refused
    /// Nowhere that is known of.
    case none

    /// Reads the message at `payload`, behind its `nlmsghdr`.
    init(parsing payload: Range<Int>, in bytes: borrowing Span<UInt8>) {
        // struct rtmsg: the type is its eighth byte, and the attributes are behind its twelfth.
        guard payload.count >= 12, payload.upperBound <= bytes.count else {
            self = .none
            return
        }
        switch bytes[payload.lowerBound + 7] {
        case UInt8(RTN_LOCAL): self = .local
        case UInt8(RTN_UNICAST): self = .interfaces(Route.interfaces(in: payload.dropFirst(12), of: bytes))
        default: self = .none
        }
    }

    /// The interfaces of all next hops (`RTA_OIF`, `RTA_MULTIPATH`).
    private static func interfaces(in range: Range<Int>, of bytes: borrowing Span<UInt8>) -> Set<UInt32> {
        var found: Set<UInt32> = []
        var attributes = NetlinkAttributes(in: range)
        while let attribute = attributes.next(in: bytes) {
            let value = attribute.value
            switch UInt32(attribute.type) {
            case RTA_OIF.rawValue:
                if let index = bytes.hostNumber(UInt32.self, at: value.lowerBound, before: value.upperBound) {
                    found.insert(index)
                }
            case RTA_MULTIPATH.rawValue:
                // struct rtnexthop: its length with its attributes, two bytes, the interface.
                var offset = value.lowerBound
                while let size = bytes.hostNumber(UInt16.self, at: offset, before: value.upperBound),
                    size >= 8,
                    let index = bytes.hostNumber(UInt32.self, at: offset + 4, before: value.upperBound)
                {
                    found.insert(index)
                    offset += (Int(size) + 3) & ~3
                }
            default: break
            }
        }
        return found
    }
}
