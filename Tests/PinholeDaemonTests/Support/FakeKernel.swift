// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import Netfilter
import PinholeDaemon

/// A kernel that says what a test wants it to, and remembers what it was asked.
struct FakeKernel: ~Copyable, Kernel {
    /// What it was asked for.
    enum Call: Hashable {
        case entry(Tuple)
        case beLiberal(Mapping)
        case keepAlive(Mapping)
        case establish(Tuple)
        case delete(Tuple)
        case open(UInt64, timeout: UInt32)
        case close(UInt64)
        case queueSYNs(from: IPAddress)
        case stopQueueingSYNs(from: IPAddress)
        case bypassQueue(Mapping)
        case requeue(Mapping)
        case concludeHandshake(Tuple)
        case watch(Mapping)
        case unwatch(Mapping)
        case inject
    }

    /// The test's end of it.
    final class Memory {
        var calls: [Call] = []
        /// The one connection that it has, if it has one.
        var mapping: Mapping?
        /// Connections in other zones; those of unknown zones are found only by a search.
        var zoned: (known: [ConntrackEntry], unknown: [ConntrackEntry]) = ([], [])
        /// How often all zones were searched.
        var searches = 0
        /// A search has begun and not come to its end.
        var isSearching = false
        var helper: String?
        /// The connection that its one connection belongs to.
        var master: Tuple?
        /// How far it has that one connection (`TCP_CONNTRACK_...`): as a rule its handshake is under way.
        var tcpState: UInt8 = 2
        /// Connections that were established before.
        var established: [ConntrackEntry] = []
        /// The number of its one connection's entry.
        var entryID: UInt32 = 1
        /// Whether its one connection has the mark of those that bypass the queue.
        var bypassesQueue = false
        /// The streams whose numbers it shifts.
        var shifted: ShiftedStreams = []
        /// The interfaces that no packet can have come in by.
        var forgedInterfaces: Set<UInt32> = []
        /// How often it was asked whether one can.
        var originChecks = 0
        /// What these questions fail with.
        var routeFailure: SystemError?
        /// The data connections that it has, by their tuples.
        var data: [Tuple: (traffic: Traffic?, state: UInt8)] = [:]
        /// Those of them that are unanswered.
        var unanswered: Set<Tuple> = []
        /// What every request fails with, but for those about entries.
        var failure: SystemError?
        var entryFailure: SystemError?
        /// Looks around whenever something is to be opened or closed.
        var look: (() -> Void)?
        /// Whether others can empty its sets unnoticed, whether they have, and the newest member that it knows.
        var sets: (losesSilently: Bool, areLost: Bool, newest: UInt64?) = (false, false, nil)
        /// How many requests fail before they succeed again; all if there is no such number.
        var failures = Int.max

        /// What it has of such a connection.
        func entry(_ mapping: Mapping) -> ConntrackEntry {
            ConntrackEntry(
                mapping: mapping,
                master: master,
                id: entryID,
                mark: 0,
                helper: helper,
                tcpState: tcpState,
                hasSeenReply: true,
                shifted: shifted
            )
        }

        /// Returns the calls since the last time.
        func take() -> [Call] {
            defer { calls = [] }
            return calls
        }

        func record(_ call: Call) throws(SystemError) {
            calls.append(call)
            try fail(with: failure)
        }

        func fail(with failure: SystemError?) throws(SystemError) {
            guard let failure, failures > 0 else { return }
            failures -= 1
            throw failure
        }
    }

    let memory: Memory

    mutating func entry(for tuple: Tuple) throws(SystemError) -> ConntrackEntry? {
        memory.calls.append(.entry(tuple))
        try memory.fail(with: memory.entryFailure)
        if let (traffic, state) = memory.data[tuple] {
            return ConntrackEntry(
                mapping: Mapping(untranslated: tuple),
                master: memory.mapping?.original,
                id: 2,
                mark: 0,
                helper: nil,
                tcpState: state,
                hasSeenReply: !memory.unanswered.contains(tuple),
                traffic: traffic
            )
        }
        return memory.mapping.map(memory.entry)
    }

    mutating func entries(of tuple: Tuple) throws(SystemError) -> [ConntrackEntry] {
        (try entry(for: tuple).map { [$0] } ?? []) + memory.zoned.known
    }

    mutating func beginSearch() throws(SystemError) {
        memory.searches += 1
        memory.isSearching = true
    }

    mutating func continueSearch() throws(SystemError) {
        memory.isSearching = false
        memory.zoned.known += memory.zoned.unknown
        memory.zoned.unknown = []
    }

    var isSearching: Bool { memory.isSearching }

    mutating func survey(_ take: (ConntrackEntry) -> Void) throws(SystemError) {
        try memory.fail(with: memory.entryFailure)
        memory.established.forEach(take)
    }

    mutating func isForged(
        _ origin: PacketOrigin,
        mark: UInt32,
        bridge: UInt32
    ) throws(SystemError) -> Bool {
        memory.originChecks += 1
        try memory.fail(with: memory.routeFailure)
        return memory.forgedInterfaces.contains(origin.interface)
    }

    mutating func beLiberal(_ mapping: Mapping) throws(SystemError) { try memory.record(.beLiberal(mapping)) }

    mutating func keepAlive(_ mapping: Mapping) throws(SystemError) { try memory.record(.keepAlive(mapping)) }

    var establishedTimeout: UInt32 { 432_000 }

    mutating func establish(_ connection: ExpectedConnection) throws(SystemError) {
        try memory.record(.establish(connection.original))
    }

    mutating func delete(_ entry: ConntrackEntry) throws(SystemError) {
        try memory.record(.delete(entry.mapping.original))
    }

    mutating func open(_ expectation: Expectation, timeout: UInt32) throws(SystemError) {
        memory.look?()
        try memory.record(.open(expectation.id, timeout: timeout))
        memory.sets.newest = expectation.id
    }

    mutating func close(_ expectation: Expectation) throws(SystemError) {
        memory.look?()
        try memory.record(.close(expectation.id))
        if memory.sets.newest == expectation.id { memory.sets.newest = nil }
    }

    mutating func queueSYNs(from address: IPAddress) throws(SystemError) {
        try memory.record(.queueSYNs(from: address))
    }

    mutating func stopQueueingSYNs(from address: IPAddress) throws(SystemError) {
        try memory.record(.stopQueueingSYNs(from: address))
    }

    var losesMembersSilently: Bool { memory.sets.losesSilently }

    mutating func haveLostMembers(at now: Instant) throws(SystemError) -> Bool {
        try memory.fail(with: memory.failure)
        defer { memory.sets.areLost = false }
        return memory.sets.areLost
    }

    var hasNewestMembers: Bool { memory.sets.newest != nil }

    mutating func takeForgottenMembers() -> Bool { memory.sets.newest == nil }

    mutating func remember(_ expectation: Expectation) { memory.sets.newest = expectation.id }

    mutating func remember(_ address: IPAddress) {}

    mutating func bypassQueue(_ mapping: Mapping) throws(SystemError) {
        try memory.record(.bypassQueue(mapping))
    }

    mutating func requeue(_ mapping: Mapping) throws(SystemError) { try memory.record(.requeue(mapping)) }

    var bypassMark: ConnectionMark? { ConnectionMark(parsing: "0x100/0x300") }

    func bypassesQueue(_ entry: ConntrackEntry) -> Bool { memory.bypassesQueue }

    mutating func concludeHandshake(_ reply: Tuple) throws(SystemError) {
        try memory.record(.concludeHandshake(reply))
    }

    mutating func watch(_ mapping: Mapping) throws(SystemError) { try memory.record(.watch(mapping)) }

    mutating func unwatch(_ mapping: Mapping) throws(SystemError) { try memory.record(.unwatch(mapping)) }

    mutating func inject(_ packet: [UInt8]) throws(SystemError) { try memory.record(.inject) }
}
