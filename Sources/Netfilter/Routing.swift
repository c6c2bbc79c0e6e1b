// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
package import FTPHelper
import Glibc
package import Linux

/// Lookups in the kernel's routing tables, through rtnetlink.
package struct Routing: ~Copyable {
    private var socket: NetlinkSocket

    /// Opens the routing tables of the calling thread's network namespace.
    package static func open() throws(SystemError) -> Routing {
        Routing(socket: try NetlinkSocket.openRouting())
    }

    /// Returns whether a packet has a forged source address.
    ///
    /// It has if the address is this host's own, if the kernel would drop the packet because of its source, or if it came in
    /// by an interface that leads to its receiver and not to its sender. Asymmetric routes are allowed (several uplinks,
    /// policy routing), and so are two hosts behind one interface. Two hosts behind one port of a bridge are not, unless the
    /// connection is translated: the bridge does not see what they send each other.
    ///
    /// - Parameters:
    ///   - origin: The packet's addresses, and the interface that it came in by.
    ///   - mark: The packet's mark, which can influence its route.
    ///   - bridge: The bridge that the interface is a port of; 0 if it is none. A bridged packet need not be routed by this
    ///     host, so an answer that the routing tables refuse it is not counted.
    /// - Returns: Whether it is forged.
    /// - Throws: Errors of the lookups, other than that there is no route.
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

    /// Looks up the route of a packet (`RTM_GETROUTE`).
    ///
    /// - Parameters:
    ///   - destination: The packet's destination.
    ///   - source: The packet's source; `nil` if this host sends it.
    ///   - interface: The interface that it came in by; `nil` if this host sends it.
    ///   - out: The interface that it must leave by; `nil` for any.
    ///   - mark: The packet's mark.
    /// - Returns: The route; `none` if the kernel has none.
    /// - Throws: Any other error of the kernel.
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
            // EXDEV: the reverse path filter. EINVAL with a source: a martian.
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
}
