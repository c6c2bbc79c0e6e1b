// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Linux
package import Netfilter

/// The running Linux kernel: conntrack, the pinhole sets, routes and raw sockets.
package struct LinuxKernel: ~Copyable, Kernel {
    private var conntrack: Conntrack
    private var pinholes: PinholeSet
    private var injector: PacketInjector
    private var routing: Routing

    package init(
        _ conntrack: consuming Conntrack,
        _ pinholes: consuming PinholeSet,
        _ injector: consuming PacketInjector,
        _ routing: consuming Routing
    ) {
        self.conntrack = conntrack
        self.pinholes = pinholes
        self.injector = injector
        self.routing = routing
    }

    /// Bits that are added to the control connection's mark on data connections (`data-mark`).
    package var dataMark: ConnectionMark? {
        get { conntrack.dataMark }
        set { conntrack.dataMark = newValue }
    }

    /// The mark of connections whose packets are not queued (`bypass-mark`).
    package var bypassMark: ConnectionMark? {
        get { conntrack.bypassMark }
        set { conntrack.bypassMark = newValue }
    }

    package mutating func entry(for tuple: Tuple) throws(SystemError) -> ConntrackEntry? {
        try conntrack.entry(for: tuple)
    }

    package mutating func entries(of tuple: Tuple) throws(SystemError) -> [ConntrackEntry] {
        try conntrack.entries(of: tuple)
    }

    package mutating func beginSearch() throws(SystemError) { try conntrack.beginSearch() }

    package mutating func continueSearch() throws(SystemError) { try conntrack.continueSearch() }

    package var isSearching: Bool { conntrack.isSearching }

    /// Readable when `continueSearch` has work to do.
    package var searchDescriptor: Int32 { conntrack.searchDescriptor }

    package mutating func survey(_ take: (ConntrackEntry) -> Void) throws(SystemError) {
        try conntrack.survey(take)
    }

    package mutating func isForged(
        _ origin: PacketOrigin,
        mark: UInt32,
        bridge: UInt32
    ) throws(SystemError) -> Bool {
        try routing.isForged(origin, mark: mark, bridge: bridge)
    }

    package mutating func beLiberal(_ mapping: Mapping) throws(SystemError) {
        try conntrack.beLiberal(mapping)
    }

    package mutating func keepAlive(_ mapping: Mapping) throws(SystemError) {
        try conntrack.keepAlive(mapping)
    }

    package var establishedTimeout: UInt32 { conntrack.establishedTimeout }

    package mutating func establish(_ connection: ExpectedConnection) throws(SystemError) {
        try conntrack.establish(connection)
    }

    package mutating func delete(_ entry: ConntrackEntry) throws(SystemError) {
        try conntrack.delete(entry.mapping.original, id: entry.id)
    }

    package mutating func open(_ expectation: Expectation, timeout: UInt32) throws(SystemError) {
        try pinholes.add(expectation, timeout: timeout)
    }

    package mutating func close(_ expectation: Expectation) throws(SystemError) {
        try pinholes.remove(expectation)
    }

    package mutating func queueSYNs(from address: IPAddress) throws(SystemError) {
        try pinholes.queueSYNs(from: address)
    }

    package mutating func stopQueueingSYNs(from address: IPAddress) throws(SystemError) {
        try pinholes.stopQueueingSYNs(from: address)
    }

    /// The sets of encrypted sessions that do not exist.
    package mutating func missingSessions() -> [String] { pinholes.missingSessions() }

    package var losesMembersSilently: Bool {
        switch pinholes.backend {
        // `pinhole rules watch` is notified.
        case .nft: false
        case .iptables: true
        }
    }

    package mutating func haveLostMembers(at now: Instant) throws(SystemError) -> Bool {
        try pinholes.haveLostMembers(at: now)
    }

    package var hasNewestMembers: Bool { pinholes.hasNewest }

    package mutating func takeForgottenMembers() -> Bool {
        defer { pinholes.hasForgotten = false }
        return pinholes.hasForgotten
    }

    package mutating func remember(_ expectation: Expectation) { pinholes.remember(expectation) }

    package mutating func remember(_ address: IPAddress) { pinholes.remember(address) }

    package mutating func concludeHandshake(_ reply: Tuple) throws(SystemError) {
        try conntrack.concludeHandshake(reply)
    }

    package mutating func watch(_ mapping: Mapping) throws(SystemError) { try pinholes.watch(mapping) }

    package mutating func unwatch(_ mapping: Mapping) throws(SystemError) { try pinholes.unwatch(mapping) }

    package mutating func bypassQueue(_ mapping: Mapping) throws(SystemError) {
        try conntrack.bypassQueue(mapping)
    }

    package func bypassesQueue(_ entry: ConntrackEntry) -> Bool {
        bypassMark.map { entry.mark & $0.mask == $0.value } ?? false
    }

    package mutating func requeue(_ mapping: Mapping) throws(SystemError) {
        try conntrack.requeue(mapping)
    }

    package mutating func inject(_ packet: [UInt8]) throws(SystemError) {
        guard let segment = try? Segment(parsing: packet.span) else { return try injector.send(packet) }
        // An RST that takes the wrong way is better than none.
        try injector.send(packet, mark: (try? conntrack.mark(of: segment.tuple)) ?? 0)
    }
}
