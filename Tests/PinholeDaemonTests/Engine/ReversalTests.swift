// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing
import TestPackets

@testable import PinholeDaemon

/// Packets of connections that conntrack has the wrong way round, which come out of the data queue.
@Suite struct ReversalTests {
    private let memory = FakeKernel.Memory()
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let mapping = Mapping(untranslated: Samples.mapping.original)

    init() {
        memory.mapping = mapping
        memory.tcpState = 3
        memory.established = [memory.entry(mapping)]
    }

    /// A engine with one connection, which has said something.
    private func engine() -> Engine<FakeKernel> {
        var engine = Engine(Policy(), FakeKernel(memory: memory))
        _ = engine.survey(at: start)
        _ = engine.control(packet(mapping.original, [.ack], "PASV\r\n").span, at: start)
        _ = memory.take()
        return engine
    }

    private func data(
        _ tuple: Tuple,
        _ flags: TCPFlags,
        _ text: String = "",
        from interface: UInt32 = 0,
        in engine: inout Engine<FakeKernel>
    ) -> String {
        let bytes = packet(tuple, flags, sequence: 5000, acknowledgement: 1006, text)
        return switch engine.data(bytes.span, from: interface, at: start) {
        case nil: "nothing"
        case .accept: "accept"
        case .drop: "drop"
        case .replace(let bytes): String(decoding: bytes.dropFirst(40), as: UTF8.self)
        }
    }

    @Test
    func `a packet of the server in a reversed entry is read, and later ones are queued before it goes on`() {
        var engine = engine()
        #expect(
            data(mapping.reply, [.ack], "227 (0,0,0,0,19,137)\r\n", in: &engine)
                == "227 (10,2,0,2,19,137)\r\n"
        )
        #expect(engine.expectations.count == 1)
        let calls = memory.take()
        #expect(calls.contains(.watch(mapping)))
        #expect(
            data(mapping.reply, [.ack], "227 (0,0,0,0,19,137)\r\n", in: &engine)
                == "227 (10,2,0,2,19,137)\r\n"
        )
        #expect(!memory.take().contains(.watch(mapping)))
    }

    @Test func `a packet of an unknown connection goes on unread and leaves nothing behind`() {
        var engine = engine()
        var other = mapping.reply
        other.destination.port += 1
        #expect(data(other, [.ack], "227 (0,0,0,0,19,137)\r\n", in: &engine) == "accept")
        #expect(memory.take().isEmpty)
        #expect(engine.connections.count == 1)
    }

    @Test func `the SYN-ACK of a data connection bypasses SYNPROXY and always goes on`() {
        var engine = engine()
        let tuple = Tuple(source: Samples.server, destination: Samples.client)
        for failure in [nil, SystemError("do it", code: ENOSPC)] {
            memory.failure = failure
            #expect(data(tuple, [.syn, .ack], in: &engine) == "accept")
            #expect(memory.take() == [.concludeHandshake(tuple)])
        }
        #expect(engine.report(nil, lostLines: 0).faults[.createConnection] == 1)
    }

    @Test func `a packet with a forged sender changes nothing`() {
        var engine = engine()
        memory.forgedInterfaces = [7]
        #expect(data(mapping.reply, [.ack], "227 (0,0,0,0,19,137)\r\n", from: 7, in: &engine) == "accept")
        #expect(!memory.take().contains(.watch(mapping)))
        #expect(engine.expectations.isEmpty)
    }

    @Test func `a reversed entry belongs to its connection, which is watched until it is replaced`() {
        var engine = engine()
        memory.mapping = mapping.reversed
        // Conntrack is asked after two minutes of silence.
        let later = start.advanced(bySeconds: 200)
        engine.fire(at: later)
        #expect(memory.take() == [.entry(mapping.original), .watch(mapping)])
        #expect(engine.connections.count == 1)
        memory.mapping = mapping
        engine.fire(at: later.advanced(bySeconds: 200))
        #expect(memory.take() == [.entry(mapping.original), .unwatch(mapping)])
    }

    @Test func `a new connection in a marked entry has the mark removed`() {
        memory.established = []
        memory.tcpState = 2
        memory.bypassesQueue = true
        var engine = Engine(Policy(), FakeKernel(memory: memory))
        _ = engine.control(packet(mapping.reply, [.syn, .ack]).span, at: start)
        #expect(memory.take() == [.entry(mapping.reply), .requeue(mapping)])
        memory.tcpState = 3
        #expect(engine.connections.count == 1)
    }

    @Test func `a connection proxied by SYNPROXY is recognised from its handshake`() {
        memory.established = []
        memory.tcpState = 2
        memory.shifted = .server
        var engine = Engine(Policy(), FakeKernel(memory: memory))
        let handshake = packet(mapping.reply, [.syn, .ack], sequence: 4999, acknowledgement: 1000)
        _ = engine.control(handshake.span, at: start)
        var sent: [UInt32] = [1000, 5000]
        for (side, text) in [
            (1, "220 x\r\n"), (0, "USER u\r\n"), (1, "331 p\r\n"), (0, "PASS p\r\n"), (1, "230 ok\r\n"),
            (0, "PASV\r\n"), (1, "227 (0,0,0,0,19,137)\r\n"),
        ] {
            let tuple = side == 0 ? mapping.original : mapping.reply
            // The client knows other numbers of the server.
            let known = side == 0 ? sent[1] &+ 12345 : sent[0]
            let bytes = packet(tuple, [.ack], sequence: sent[side], acknowledgement: known, text)
            guard case .accept = engine.control(bytes.span, at: start) else {
                Issue.record("\(text) did not pass as it is")
                return
            }
            sent[side] += UInt32(text.utf8.count)
        }
        #expect(engine.report(nil, lostLines: 0).statistics.refused == [.seqAdjusted: 1])
        #expect(engine.expectations.isEmpty)
    }
}
