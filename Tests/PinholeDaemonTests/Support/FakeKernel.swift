import FTPHelper
import Netfilter
import PinholeDaemon

/// A kernel that says what a test wants it to, and remembers what it was asked.
struct FakeKernel: ~Copyable, Kernel {
    /// What it was asked for.
    enum Call: Hashable {
        case entry(Tuple)
        case beLiberal(Mapping)
        case establish(Tuple)
        case open(UInt64, timeout: UInt32)
        case close(UInt64)
        case admit(IPAddress)
        case withdraw(IPAddress)
        case release(Mapping)
        case recall(Mapping)
        case inject
    }

    /// The test's end of it.
    final class Memory {
        var calls: [Call] = []
        /// The one connection that it has, if it has one.
        var mapping: Mapping?
        /// Connections in other zones; those of zones that nobody knows of are found by a search alone.
        var zoned: (known: [ConntrackEntry], unknown: [ConntrackEntry]) = ([], [])
        /// How often all zones were searched.
        var searches = 0
        var helper: String?
        /// The data connections that it has, by their tuples.
        var data: [Tuple: (traffic: Traffic?, state: UInt8)] = [:]
        /// What every request fails with, but for those about entries.
        var failure: SystemError?
        var entryFailure: SystemError?
        /// How many requests fail before they succeed again; all if there is no such number.
        var failures = Int.max

        /// What was asked since the last time.
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
                hasSeenReply: true,
                traffic: traffic
            )
        }
        return memory.mapping.map {
            ConntrackEntry(
                mapping: $0,
                master: nil,
                id: 1,
                mark: 0,
                helper: memory.helper,
                tcpState: nil,
                hasSeenReply: true
            )
        }
    }

    mutating func entries(of tuple: Tuple) throws(SystemError) -> [ConntrackEntry] {
        (try entry(for: tuple).map { [$0] } ?? []) + memory.zoned.known
    }

    mutating func search(for tuple: Tuple) throws(SystemError) -> [ConntrackEntry] {
        memory.searches += 1
        return memory.zoned.known + memory.zoned.unknown
    }

    mutating func beLiberal(_ mapping: Mapping) throws(SystemError) { try memory.record(.beLiberal(mapping)) }

    mutating func establish(_ connection: ExpectedConnection) throws(SystemError) {
        try memory.record(.establish(connection.original))
    }

    mutating func open(_ expectation: Expectation, timeout: UInt32) throws(SystemError) {
        try memory.record(.open(expectation.id, timeout: timeout))
    }

    mutating func close(_ expectation: Expectation) throws(SystemError) {
        try memory.record(.close(expectation.id))
    }

    mutating func admit(_ address: IPAddress) throws(SystemError) { try memory.record(.admit(address)) }

    mutating func withdraw(_ address: IPAddress) throws(SystemError) { try memory.record(.withdraw(address)) }

    mutating func release(_ mapping: Mapping) throws(SystemError) { try memory.record(.release(mapping)) }

    mutating func recall(_ mapping: Mapping) throws(SystemError) { try memory.record(.recall(mapping)) }

    mutating func inject(_ packet: [UInt8]) throws(SystemError) { try memory.record(.inject) }
}
