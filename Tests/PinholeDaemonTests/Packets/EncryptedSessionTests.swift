import FTPHelper
import Glibc
import Netfilter
import Testing

@testable import PinholeDaemon

/// What is asked of the kernel for encrypted sessions.
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

    /// A path on which a session has been secured, and nothing is on record yet.
    private func secured(_ policy: Policy) -> PacketPath<FakeKernel> {
        var path = PacketPath(policy, FakeKernel(memory: memory))
        let hello = "\u{16}\u{3}\u{3}\u{0}\u{1}h"
        let data = "\u{17}\u{3}\u{3}\u{0}\u{1}d"
        var sent: [UInt32] = [1000, 5000]
        let said = [(0, "AUTH TLS\r\n"), (1, "234 go on\r\n"), (0, hello), (1, hello), (0, data), (1, data)]
        for (side, text) in said {
            let bytes = packet(
                side == 0 ? mapping.original : mapping.reply,
                [.ack],
                sequence: sent[side],
                acknowledgement: sent[1 - side],
                text
            )
            _ = path.control(bytes.span, at: start)
            sent[side] += UInt32(text.utf8.count)
        }
        return path
    }

    /// A SYN of the client.
    private func syn(_ port: UInt16 = 49100, from source: UInt16 = 50000) -> (Tuple, [UInt8]) {
        let tuple = Tuple(
            source: Endpoint(mapping.original.source.address, source),
            destination: Endpoint(mapping.original.destination.address, port)
        )
        return (tuple, packet(tuple, [.syn]))
    }

    @Test func `a session's address is admitted, and its packets are released`() throws {
        let path = secured(try policy())
        let calls = memory.take()
        #expect(calls.suffix(2) == [.admit(Samples.client.address), .release(mapping)])
        #expect(path.expectations.map(\.kind) == [.ftps])
    }

    @Test func `its data connections get entries, and other SYNs go on without a question`() throws {
        var path = secured(try policy())
        _ = memory.take()
        let (tuple, bytes) = syn()
        guard case .accept = path.data(bytes.span, at: start) else { Issue.record("it was held up"); return }
        #expect(memory.take() == [.establish(tuple)])
        let (_, other) = syn(80)
        _ = path.data(other.span, at: start)
        #expect(memory.take() == [])
        #expect(path.connections.first?.access?.live == 1)
    }

    @Test func `where there is no room conntrack is asked which connections are over`() throws {
        var path = secured(try policy(maximum: 1))
        let (tuple, first) = syn()
        _ = path.data(first.span, at: start)
        _ = memory.take()
        let (other, second) = syn(from: 50001)
        // The fake conntrack has no such connection: it is over.
        _ = path.data(second.span, at: start)
        #expect(memory.take() == [.entry(tuple), .establish(other)])
    }

    @Test func `a conntrack that cannot be asked makes no room`() throws {
        var path = secured(try policy(maximum: 1))
        let (_, first) = syn()
        _ = path.data(first.span, at: start)
        _ = path.takeNotices()
        memory.entryFailure = failure
        let (_, second) = syn(from: 50001)
        _ = path.data(second.span, at: start)
        let names = path.takeNotices().map { notice in
            switch notice {
            case .event(let event, _): event.name
            case .fault(let fault, _, _): fault.rawValue
            }
        }
        #expect(names == ["find-connection", "refused"])
        #expect(path.connections.first?.access?.live == 1)
    }

    @Test
    func `an address that the kernel does not take is tried twice at the most, and the session is closed`()
        throws
    {
        memory.failure = failure
        let path = secured(try policy())
        #expect(path.expectations.isEmpty)
        #expect(path.report(nil, lostLines: 0).faults[.openPinhole] == 1)
    }

    @Test func `a session that conntrack has no more is found out by the first SYN in vain`() throws {
        var path = secured(try policy())
        memory.failure = failure
        memory.mapping = nil
        let (_, bytes) = syn()
        _ = path.data(bytes.span, at: start)
        #expect(path.expectations.isEmpty)
        #expect(path.connections.isEmpty)
        #expect(path.report(nil, lostLines: 0).faults[.createConnection] == 1)
    }

    @Test func `another policy holds at once`() throws {
        var path = secured(try policy())
        _ = memory.take()
        path.adopt(Policy(), at: start)
        #expect(memory.take() == [.withdraw(Samples.client.address), .recall(mapping)])
        #expect(path.expectations.isEmpty)
    }
}
