// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing
import TestPackets

@testable import PinholeDaemon

/// The calls to the kernel for encrypted sessions.
@Suite struct EncryptedSessionTests {
    private let memory = FakeKernel.Memory()
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let failure = SystemError("do it", code: ENOSPC)
    private let mapping = Mapping(untranslated: Samples.mapping.original)

    init() { memory.mapping = mapping }

    private func policy(maximum: Int = 10) throws -> Policy {
        var policy = Policy()
        var rules = Policy.Rules()
        rules.ftpsPorts = 49000...50000
        rules.maximumFTPSConnections = maximum
        let text = Array("10.2.0.2".utf8)
        let prefix = AddressPrefix(parsing: text.span)
        policy.set(rules, for: try #require(prefix))
        return policy
    }

    /// A engine on which a session has been secured, and nothing is on record yet.
    private func secured(_ policy: Policy) -> Engine<FakeKernel> {
        var engine = Engine(policy, FakeKernel(memory: memory))
        memory.tcpState = 3
        memory.established = [memory.entry(mapping)]
        _ = engine.survey(at: start)
        let hello = "\u{16}\u{3}\u{3}\u{0}\u{1}h"
        let data = "\u{17}\u{3}\u{3}\u{0}\u{14}" + String(repeating: "d", count: 20)
        let said = [(0, "AUTH TLS\r\n"), (1, "234 go on\r\n"), (0, hello), (1, hello), (0, data), (1, data)]
        engine.converse(said, on: mapping, at: start)
        return engine
    }

    /// A SYN of the client.
    private func syn(_ port: UInt16 = 49100, from source: UInt16 = 50000) -> (Tuple, [UInt8]) {
        let tuple = Tuple(
            source: Endpoint(mapping.original.source.address, source),
            destination: Endpoint(mapping.original.destination.address, port)
        )
        return (tuple, packet(tuple, [.syn]))
    }

    @Test func `a session's address is admitted, and its packets bypass the queue`() throws {
        let engine = secured(try policy())
        let calls = memory.take()
        #expect(calls.suffix(2) == [.queueSYNs(from: Samples.client.address), .bypassQueue(mapping)])
        #expect(engine.expectations.map(\.kind) == [.ftps])
    }

    @Test func `data connections of a session get entries, and other SYNs pass without a lookup`() throws {
        var engine = secured(try policy())
        _ = memory.take()
        let (tuple, bytes) = syn()
        guard case .accept = engine.data(bytes.span, at: start) else {
            Issue.record("it was held up"); return
        }
        #expect(memory.take() == [.establish(tuple)])
        let (_, other) = syn(80)
        _ = engine.data(other.span, at: start)
        #expect(memory.take() == [])
        #expect(engine.connections.first?.access?.live == 1)
    }

    @Test func `at the limit conntrack is asked which data connections have ended`() throws {
        var engine = secured(try policy(maximum: 1))
        let (tuple, first) = syn()
        _ = engine.data(first.span, at: start)
        _ = memory.take()
        let (other, second) = syn(from: 50001)
        // The fake conntrack has no such connection: it is over.
        _ = engine.data(second.span, at: start)
        #expect(memory.take() == [.entry(tuple), .establish(other)])
    }

    @Test func `without an answer of conntrack no place becomes free`() throws {
        var engine = secured(try policy(maximum: 1))
        let (_, first) = syn()
        _ = engine.data(first.span, at: start)
        _ = engine.notices.drain()
        memory.entryFailure = failure
        let (_, second) = syn(from: 50001)
        _ = engine.data(second.span, at: start)
        let names = engine.notices.drain().map { notice in
            switch notice {
            case .event(let event, _): event.name
            case .fault(let fault, _, _): fault.rawValue
            }
        }
        #expect(names == ["find-connection", "refused"])
        #expect(engine.connections.first?.access?.live == 1)
    }

    @Test
    func `an address that the kernel rejects is tried at most twice, and the session is closed`()
        throws
    {
        memory.failure = failure
        let engine = secured(try policy())
        #expect(engine.expectations.isEmpty)
        #expect(engine.report(nil, lostLines: 0).faults[.openPinhole] == 1)
    }

    @Test func `a session that conntrack has lost ends at the first SYN that fails`() throws {
        var engine = secured(try policy())
        memory.failure = failure
        memory.mapping = nil
        let (_, bytes) = syn()
        _ = engine.data(bytes.span, at: start)
        #expect(engine.expectations.isEmpty)
        #expect(engine.connections.first?.access == nil)
        #expect(engine.report(nil, lostLines: 0).faults[.createConnection] == 1)
    }

    @Test func `of ended data connections only those that were reset are removed`() throws {
        for (state, calls) in [(TCP_CONNTRACK_CLOSE, 2), (TCP_CONNTRACK_TIME_WAIT, 1)] {
            var engine = secured(try policy(maximum: 1))
            let (tuple, first) = syn()
            _ = engine.data(first.span, at: start)
            memory.data = [tuple: (nil, UInt8(state.rawValue))]
            _ = memory.take()
            let (other, second) = syn(from: 50001)
            _ = engine.data(second.span, at: start)
            let expected: [FakeKernel.Call] = [.entry(tuple), .delete(tuple)]
            #expect(memory.take() == expected.prefix(calls) + [.establish(other)])
        }
    }

    @Test func `at the limit the oldest unanswered data connection is removed`() throws {
        var engine = secured(try policy(maximum: 2))
        let (first, firstBytes) = syn(from: 50000)
        let (second, secondBytes) = syn(from: 50001)
        let (third, thirdBytes) = syn(from: 50002)
        let (fourth, fourthBytes) = syn(from: 50003)
        _ = engine.data(firstBytes.span, at: start)
        _ = engine.data(secondBytes.span, at: start)
        memory.data = [
            first: (nil, UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue)),
            second: (nil, UInt8(TCP_CONNTRACK_SYN_SENT.rawValue)),
        ]
        memory.unanswered = [second]
        _ = memory.take()
        _ = engine.data(thirdBytes.span, at: start)
        #expect(
            memory.take() == [
                .entry(first), .entry(second), .establish(third), .entry(second), .delete(second),
            ]
        )
        memory.data[third] = (nil, UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue))
        _ = engine.data(fourthBytes.span, at: start)
        #expect(!memory.take().contains(.establish(fourth)))
        #expect(engine.connections.first?.access?.live == 2)
    }

    @Test func `a data connection that was answered at the last moment stays`() throws {
        var engine = secured(try policy())
        let (tuple, bytes) = syn()
        _ = engine.data(bytes.span, at: start)
        memory.data = [tuple: (nil, UInt8(TCP_CONNTRACK_SYN_RECV.rawValue))]
        _ = memory.take()
        engine.adopt(Policy(), at: start)
        #expect(
            memory.take() == [
                .stopQueueingSYNs(from: Samples.client.address), .requeue(mapping), .entry(tuple),
            ]
        )
    }

    @Test(arguments: [TCP_CONNTRACK_FIN_WAIT, TCP_CONNTRACK_CLOSE_WAIT, TCP_CONNTRACK_SYN_SENT])
    func `a session that is not established in conntrack ends when conntrack is asked`(
        state: tcp_conntrack
    ) throws {
        var engine = secured(try policy())
        memory.tcpState = UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue)
        engine.fire(at: start.advanced(bySeconds: 15))
        #expect(engine.expectations.count == 1)
        memory.tcpState = UInt8(state.rawValue)
        engine.fire(at: start.advanced(bySeconds: 30))
        #expect(engine.expectations.isEmpty)
        #expect(engine.connections.count == 1)
    }

    @Test func `a new policy applies at once`() throws {
        var engine = secured(try policy())
        _ = memory.take()
        engine.adopt(Policy(), at: start)
        #expect(memory.take() == [.stopQueueingSYNs(from: Samples.client.address), .requeue(mapping)])
        #expect(engine.expectations.isEmpty)
    }
}
