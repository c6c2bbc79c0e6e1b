// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing

/// Requests to the kernel with injected failures: each reports its error, and the next request works.
@Suite(.serialized) struct FailingCallTests {
    /// The errors of socket calls, and those in answers of the kernel.
    private static let failures =
        [ENOBUFS, ENOMEM, EAGAIN, EINTR, EPERM, EMSGSIZE].map(Failing.unsent)
        + [ENOBUFS, ENOMEM, EAGAIN, EINTR].flatMap { [Failing.late($0), .lost($0)] }.filter {
            // An interrupted call receives nothing.
            $0 != .lost(EINTR)
        } + answers.map(Failing.refused)

    private static let answers: [Int32] =
        [
            EPERM, ENOENT, EINTR, EAGAIN, ENOMEM, EBUSY, EEXIST, EINVAL, ENOSPC, ERANGE, EOPNOTSUPP,
            ETIMEDOUT, ENOBUFS,
        ]
        // IPSET_ERR_PROTOCOL to IPSET_ERR_SKBINFO, IPSET_ERR_HASH_FULL to IPSET_ERR_MISSING_PROTO.
        + Array(4097...4116) + Array(4352...4356)

    private let namespace: NetworkNamespace

    init() throws {
        namespace = try NetworkNamespace()
        try namespace.run("iptables -w -A INPUT -p udp --dport 5001 -j NFQUEUE --queue-num 20")
    }

    /// Creates an entry with the program conntrack(8).
    private func add(_ tuple: Tuple) throws {
        try namespace.run(
            "conntrack -I -p tcp -t 60 --state ESTABLISHED -s \(tuple.source.address) -d \(tuple.destination.address)"
                + " --sport \(tuple.source.port) --dport \(tuple.destination.port)"
        )
    }

    /// Active FTP: the client has announced port 5001, and the server connects to it.
    private let expectation = Sample.expectation(
        master: Sample.control,
        from: Sample.server,
        to: Endpoint(Sample.client, 5001)
    )

    @Test(arguments: failures)
    func `an answer to another request is not taken for the answer to this one`(failing: Failing) throws {
        var conntrack = try namespace.enter { try Conntrack.open() }
        try add(Sample.control)
        let other = Tuple(source: Endpoint(Sample.client, 40001), destination: Endpoint(Sample.server, 21))
        try add(other)
        let entry = try conntrack.entry(for: Sample.control)
        let otherEntry = try conntrack.entry(for: other)
        #expect(entry != nil && otherEntry != nil && entry != otherEntry)
        let connection = Sample.connection(expectation, from: 20)
        let requests: [(harmless: [Int32], make: (inout Conntrack) throws(SystemError) -> Void)] = [
            ([ENOENT], { (conntrack) throws(SystemError) in _ = try conntrack.entry(for: Sample.control) }),
            (
                [],
                { (conntrack) throws(SystemError) in
                    try conntrack.beLiberal(Mapping(untranslated: Sample.control))
                }
            ),
            ([ENOENT], { (conntrack) throws(SystemError) in try conntrack.delete(connection.original) }),
            ([ENOENT], { (conntrack) throws(SystemError) in _ = try conntrack.entries(of: Sample.control) }),
            (
                [EBUSY],
                { (conntrack) throws(SystemError) in
                    try conntrack.beginSearch()
                    do throws(SystemError) {
                        while conntrack.isSearching { try conntrack.continueSearch() }
                    } catch {
                        // The dump of the last search was not complete; now it is.
                        guard error.code == EBUSY else { throw error }
                    }
                }
            ),
            ([], { (conntrack) throws(SystemError) in try conntrack.survey { _ in } }),
        ]
        for (harmless, make) in requests {
            let failure = try failing.during { () throws(SystemError) in try make(&conntrack) }
            #expect(failure?.code == failing.code(unlessAmong: harmless))
            #expect(try conntrack.entry(for: other) == otherEntry)
            #expect(try conntrack.entry(for: Sample.control) == entry)
            try make(&conntrack)
        }
    }

    @Test(arguments: failures, 0..<2 as Range<UInt32>)
    func `the entry of a data connection is made at the second attempt at the latest`(
        failing: Failing,
        after requests: UInt32
    ) throws {
        var conntrack = try namespace.enter { try Conntrack.open() }
        try add(Sample.control)
        let connection = Sample.connection(expectation, from: 20)
        // It first looks up the control connection, and ENOENT is an error here.
        let failure = try failing.during(after: requests) { () throws(SystemError) in
            try conntrack.establish(connection)
        }
        #expect(failure?.code == failing.code())
        // The kernel may have performed the failed request: then this attempt finds the entry, which has seen no reply.
        try conntrack.establish(connection)
        #expect(try conntrack.entry(for: connection.original)?.master == Sample.control)
    }

    @Test(arguments: failures, PinholeSet.Backend.allCases)
    func `after failed calls a set contains what was added and nothing that was removed`(
        failing: Failing,
        backend: PinholeSet.Backend
    ) throws {
        try namespace.createSets(of: backend)
        var set = try namespace.enter { try PinholeSet.open(backend) }
        let expectation = expectation
        let requests:
            [(harmless: [Int32], count: Int, make: (inout PinholeSet) throws(SystemError) -> Void)] = [
                ([], 1, { (set) throws(SystemError) in try set.add(expectation, timeout: 250) }),
                ([ENOENT], 1, { (set) throws(SystemError) in _ = try set.exists(.v4) }),
                // nftables answers ENOENT if there is nothing to remove.
                (
                    backend == .nft ? [ENOENT] : [], 0,
                    { (set) throws(SystemError) in try set.remove(expectation) }
                ),
                ([ENOENT], 0, { (set) throws(SystemError) in try set.flush() }),
            ]
        for (harmless, count, make) in requests {
            let failure = try failing.during { () throws(SystemError) in try make(&set) }
            #expect(failure?.code == failing.code(unlessAmong: harmless))
            try make(&set)
            #expect(try set.exists(.v4))
            #expect(try namespace.members(of: .v4, backend).count == count)
        }
    }

    @Test(
        arguments: [EPERM, ENOBUFS, ENOMEM, EAGAIN, ENETUNREACH, EHOSTUNREACH, EMSGSIZE].map(Failing.unsent)
    )
    func `a packet that cannot be sent does not affect the next one`(failing: Failing) throws {
        var injector = try namespace.enter { try PacketInjector.open() }
        let packet = hex("45 00 001d 0000 0000 40 11 0000 7f070707 7f000001 0007 1389 0009 0000 61")
        let failure = try failing.during { () throws(SystemError) in try injector.send(packet) }
        #expect(failure?.code == failing.code)
        try injector.send(packet)
    }

    @Test(arguments: failures, [0, 1] as [UInt32])
    func `a queue that failed to open can be opened by the next attempt`(
        failing: Failing,
        after requests: UInt32
    )
        throws
    {
        let failure = try namespace.enter {
            try failing.during(after: requests) { () throws(SystemError) in _ = try PacketQueue.open(20) }
        }
        switch (failing.isAnswer, failing.code, requests) {
        case (true, EINVAL, 0): #expect(failure?.code == EPROTONOSUPPORT, "the kernel lacks the subsystem")
        case (_, EPERM, 1): #expect(failure?.code == EBUSY, "another has the queue")
        default: #expect(failure?.code == failing.code())
        }
        _ = try eventually { try open() }
    }

    @Test(arguments: [ENOMEM, EPERM, EINTR, EAGAIN, ENOBUFS].map(Failing.late))
    func `packets that cannot be received wait`(failing: Failing) throws {
        var queue = try open()
        let (receiver, sender) = try (socket(at: 5001), socket(at: 0))
        try sender.send("text", to: 5001)
        var packets = 0
        let failure = try failing.during { () throws(SystemError) in
            packets += try queue.receive { _ in .accept }
        }
        // EAGAIN means that nothing waits, and ENOBUFS is counted as an overrun.
        #expect(failure?.code == ([EAGAIN, ENOBUFS].contains(failing.code) ? nil : failing.code()))
        #expect(queue.overruns == (failing.code == ENOBUFS ? 1 : 0))
        packets += try queue.receive { _ in .accept }
        #expect(packets == 1)
        #expect(receiver.receiveAll() == ["text"])
    }

    @Test(arguments: [ENOBUFS, ENOMEM, EAGAIN, EPERM].map(Failing.unsent), [0, 1, 2] as [UInt32])
    func `every packet gets its verdict after any failed send`(failing: Failing, after sent: UInt32)
        throws
    {
        var queue = try open()
        let (receiver, sender) = try (socket(at: 5001), socket(at: 0))
        // Five replacements exceed the limit for gathering, so the verdicts take three datagrams.
        let texts = (10..<22).map { "\($0)" + String(repeating: "x", count: 15000) }
        for text in texts { try sender.send(text, to: 5001) }
        let failure = try failing.during(after: sent) { () throws(SystemError) in
            _ = try queue.receive { .replace(bytes(of: $0)) }
        }
        #expect(failure?.code == failing.code)
        #expect(queue.owesVerdicts == (sent == 2))
        #expect(try queue.receive { _ in .drop } == 0)
        #expect(queue.owesVerdicts == false)
        #expect(receiver.receiveAll() == texts)
    }

    /// Opens the queue for datagrams to UDP port 5001 on the loopback interface.
    private func open() throws -> PacketQueue { try namespace.enter { try PacketQueue.open(20) } }

    private func socket(at port: UInt16) throws -> UDPSocket {
        try namespace.enter { try UDPSocket(at: port) }
    }

    private func bytes(of packet: borrowing Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<packet.count { bytes.append(packet[index]) }
        return bytes
    }
}
