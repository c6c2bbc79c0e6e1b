// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter

/// The kernel's routing decision for a packet, from an `RTM_NEWROUTE` message.
enum Route: Hashable {
    /// Delivered to this host.
    case local
    /// Sent through one of these interfaces; there is one unless the route has several next hops.
    case interfaces(Set<UInt32>)
    /// Dropped because of its source address (`rp_filter`, martians).
    case refused
    /// No route.
    case none

    /// Parses the message whose payload, after the `nlmsghdr`, lies at `payload`.
    init(parsing payload: Range<Int>, in bytes: borrowing Span<UInt8>) {
        // struct rtmsg has twelve bytes; rtm_type is the eighth. The attributes follow.
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
                // struct rtnexthop: length with attributes (2 bytes), flags, hops, interface (4 bytes).
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
