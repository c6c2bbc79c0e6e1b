// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing
import TestPackets

@testable import PinholeDaemon

/// Every request that the packet engine makes, failing with everything that the kernel answers.
@Suite struct FailingCallTests {
    private static let codes: [Int32] =
        [EPERM, ENOENT, EAGAIN, ENOMEM, EBUSY, EEXIST, EINVAL, ENOSPC, EOPNOTSUPP, ETIMEDOUT, ENOBUFS]
        // IPSET_ERR_PROTOCOL, IPSET_ERR_HASH_FULL, and what the fence says of an answer that makes no sense.
        + [4097, 4352, EBADMSG]

    private let memory = FakeKernel.Memory()
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let syn = packet(
        Tuple(source: Endpoint(Samples.server.address, 20), destination: Endpoint(Samples.gateway, 5001)),
        [.syn]
    )

    init() {
        memory.mapping = Samples.mapping
        memory.tcpState = 3
        memory.established = [memory.entry(Samples.mapping)]
    }

    private func engine(isStrict: Bool = false) -> Engine<FakeKernel> {
        var policy = Policy()
        policy.rules.isStrict = isStrict
        var engine = Engine(policy, FakeKernel(memory: memory))
        _ = engine.survey(at: start)
        return engine
    }

    private func isAccepted(_ verdict: Ruling?) -> Bool {
        if case .drop = verdict { false } else { true }
    }

    @Test(arguments: codes)
    func `each failure is counted under its name, and only a few are reported`(code: Int32) {
        var engine = engine(isStrict: true)
        memory.failure = SystemError("do it", code: code)
        var notices: [Notice] = []
        for number in 0..<100 as Range<UInt16> {
            // Two connections that are under way; what no client says resets the second, in strict mode.
            for (port, address) in [(40000 + number, 2), (50000 + number, 3)] {
                let client = Endpoint(Samples.client.address, port)
                let original = Tuple(source: client, destination: Samples.server)
                memory.mapping = Mapping(
                    original: original,
                    reply: Tuple(source: Samples.server, destination: Endpoint(Samples.gateway, port))
                )
                memory.established = memory.mapping.map { [memory.entry($0)] } ?? []
                _ = engine.survey(at: start)
                let announcement = packet(original, [.ack], "PORT 10,1,0,\(address),19,137\r\n")
                _ = engine.control(announcement.span, at: start)
            }
            #expect(isAccepted(engine.data(syn.span, at: start)))
            notices += engine.notices.drain()
        }
        let faults = engine.report(nil, lostLines: 0).faults
        for fault in [Fault.openPinhole, .setLiberal, .injectPacket] {
            #expect(faults[fault, default: 0] >= 100, "\(fault)")
            let told = notices.count { if case .fault(fault, _, _) = $0 { true } else { false } }
            #expect(told == 5, "\(fault)")
        }
        #expect(engine.expectations.isEmpty)
    }

    @Test(arguments: codes)
    func `a pinhole that cannot be closed or used is counted, and the packet goes on`(code: Int32) {
        var engine = engine()
        func announcement(_ number: Int, port: Int) -> [UInt8] {
            let sequence = 1000 + UInt32(22 * number)
            return packet(
                Samples.mapping.original,
                [.ack],
                sequence: sequence,
                "PORT 10,1,0,2,19,\(port)\r\n"
            )
        }
        _ = engine.control(announcement(0, port: 137).span, at: start)
        memory.failure = SystemError("do it", code: code)
        #expect(isAccepted(engine.data(syn.span, at: start)))
        #expect(engine.expectations.count == 1, "the next SYN may have more luck")
        #expect(isAccepted(engine.control(announcement(1, port: 138).span, at: start)))
        let faults = engine.report(nil, lostLines: 0).faults
        #expect(faults[.createConnection] == 1)
        #expect(faults[.closePinhole, default: 0] >= 1)

        memory.failure = nil
        #expect(isAccepted(engine.control(announcement(2, port: 137).span, at: start)))
        #expect(engine.expectations.count == 1)
        #expect(isAccepted(engine.data(syn.span, at: start)))
        #expect(engine.expectations.isEmpty)
    }

    @Test(arguments: [ENOBUFS, ENOMEM])
    func `a lookup that failed for lack of memory is repeated once`(code: Int32) {
        var engine = engine()
        memory.entryFailure = SystemError("ask", code: code)
        memory.failures = 1
        _ = engine.control(packet(Samples.mapping.original, [.ack]).span, at: start)
        #expect(engine.connections.count == 1)
        #expect(engine.report(nil, lostLines: 0).faults[.findConnection] == 1)
    }
}
