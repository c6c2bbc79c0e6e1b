import CNetfilter
package import FTPHelper
import Glibc
package import Linux

/// Questions to the kernel's routing tables, each answered when its method returns (rtnetlink).
package struct Routing: ~Copyable {
    private var socket: NetlinkSocket

    /// Opens the routing tables of the calling thread's network namespace.
    package static func open() throws(SystemError) -> Routing {
        Routing(socket: try NetlinkSocket.openRouting())
    }

    /// Tells whether a packet cannot have come from where its address is.
    ///
    /// It cannot if the address is this host's own, if the kernel would drop it for where it comes from, or if it came in where
    /// packets to its receiver go out and none to its sender. A route that goes out one way and comes back another one is nothing
    /// strange (several uplinks, policy routing), and neither are two ends behind one interface. Two ends behind one port of a
    /// bridge are, but for NAT: what they send each other, it does not take.
    ///
    /// - Parameters:
    ///   - origin: what the packet says, and where it came in.
    ///   - mark: the packet's mark, by which it may be routed.
    ///   - bridge: a bridge with the port that it came in by, 0 if there is none; it may only pass the packet on, and then
    ///     what the routing tables forbid does not concern it.
    /// - Returns: Whether it is forged.
    /// - Throws: What the kernel says, other than that there is no such route.
    package mutating func isForged(_ origin: PacketOrigin, mark: UInt32, bridge: UInt32) throws(SystemError)
        -> Bool
    {
        let isBridged = bridge != 0
        let interface = isBridged ? bridge : origin.interface
        let isLinkLocal = origin.sender.isLinkLocal
        let own = try route(to: origin.sender, out: isLinkLocal ? interface : nil, mark: mark)
        if own == .local { return true }
        let isBesideReceiver = origin.receiverInterface == origin.interface
        if isBridged, isBesideReceiver, !origin.isTranslated { return true }
        if isLinkLocal { return false }
        switch try route(to: origin.receiver, from: origin.sender, arriving: interface, mark: mark) {
        case .refused: return !isBridged
        case .local: return false
        case .interfaces(let interfaces) where interfaces.contains(interface): break
        case .interfaces, .none:
            guard isBesideReceiver else { return false }
        }
        let back = try route(to: origin.sender, from: origin.receiver, arriving: interface, mark: mark)
        return switch back == .refused ? own : back {
        case .interfaces(let interfaces): !interfaces.contains(interface)
        case .local, .refused: true
        case .none: !isBridged
        }
    }

    /// Where a packet would be sent (`RTM_GETROUTE`).
    ///
    /// - Parameters:
    ///   - destination: of the packet.
    ///   - source: of the packet; `nil` for one of this host's own.
    ///   - interface: where it came in; `nil` for one of this host's own.
    ///   - out: where it is to go out; `nil` for wherever.
    ///   - mark: of the packet.
    /// - Returns: The route; `none` if the kernel knows of none.
    /// - Throws: Anything else that the kernel says.
    private mutating func route(
        to destination: IPAddress,
        from source: IPAddress? = nil,
        arriving interface: UInt32? = nil,
        out: UInt32? = nil,
        mark: UInt32
    ) throws(SystemError) -> Route {
        do {
            return try socket.askRoute(family: destination.family, source: source) {
                $0.put(destination, v4: RTA_DST.rawValue, v6: RTA_DST.rawValue)
                if let source { $0.put(source, v4: RTA_SRC.rawValue, v6: RTA_SRC.rawValue) }
                if let interface { $0.put(RTA_IIF.rawValue, interface.bigEndian) }
                if let out { $0.put(RTA_OIF.rawValue, out.bigEndian) }
                if mark != 0 { $0.put(RTA_MARK.rawValue, mark.bigEndian) }
            }
        } catch {
            switch error.code {
            // The reverse path filter, and what is martian.
            case EXDEV: return .refused
            case EINVAL: return source == nil ? .none : .refused
            case ENETUNREACH, EHOSTUNREACH, EACCES, ENODEV, ESRCH, EAGAIN: return .none
            default: throw error
            }
        }
    }
}

extension IPAddress {
    /// `AF_INET` or `AF_INET6`.
    var family: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }

    /// Tells whether it means something on one link alone (fe80::/10, RFC 4291).
    fileprivate var isLinkLocal: Bool {
        if case .v6(let high, _) = self { high >> 54 == 0xfe80 >> 6 } else { false }
    }
}
