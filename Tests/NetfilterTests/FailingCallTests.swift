import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing

/// Every request to the kernel, failing in every way: it says why, and the next one is answered as ever.
@Suite(.serialized) struct FailingCallTests {
    /// What socket calls can fail with, and the kernel answer.
    private static let failures =
        [ENOBUFS, ENOMEM, EAGAIN, EINTR, EPERM, EMSGSIZE].map(Failing.unsent)
        + [ENOBUFS, ENOMEM, EAGAIN, EINTR].flatMap { [Failing.late($0), .lost($0)] }.filter {
            // A call that was interrupted has received nothing.
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

    /// Makes an entry as another program does.
    private func add(_ tuple: Tuple) throws {
        try namespace.run(
            "conntrack -I -p tcp -t 60 --state ESTABLISHED -s \(tuple.source.address) -d \(tuple.destination.address)"
                + " --sport \(tuple.source.port) --dport \(tuple.destination.port)"
        )
    }

    /// Active FTP: the server connects to the client, which has announced port 5001.
    private let expectation = Sample.expectation(
        master: Sample.control,
        from: Sample.server,
        to: Endpoint(Sample.client, 5001)
    )

    @Test(arguments: failures)
    func `conntrack does not mistake one answer for another`(failing: Failing) throws {
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
                        // The kernel has not come to the end of the last search; now it has.
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
        // First it asks for the control connection; that it is gone is an error, too.
        let failure = try failing.during(after: requests) { () throws(SystemError) in
            try conntrack.establish(connection)
        }
        #expect(failure?.code == failing.code())
        // What failed may have been done nevertheless: then the attempt finds its own entry, which nobody has answered.
        try conntrack.establish(connection)
        #expect(try conntrack.entry(for: connection.original)?.master == Sample.control)
    }

    @Test(arguments: failures, PinholeSet.Backend.allCases)
    func `a set has what was added at the second attempt at the latest, and nothing that was removed`(
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
                // nftables says so where there is nothing to remove.
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
    func `a packet that cannot be sent does not keep the next from it`(failing: Failing) throws {
        var injector = try namespace.enter { try PacketInjector.open() }
        let packet = hex("45 00 001d 0000 0000 40 11 0000 7f070707 7f000001 0007 1389 0009 0000 61")
        let failure = try failing.during { () throws(SystemError) in try injector.send(packet) }
        #expect(failure?.code == failing.code)
        try injector.send(packet)
    }

    @Test(arguments: failures, [0, 1] as [UInt32])
    func `a queue that cannot be had is left to the next who asks`(failing: Failing, after requests: UInt32)
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
        // Nothing to receive is no error, and what the kernel had no room for is counted.
        #expect(failure?.code == ([EAGAIN, ENOBUFS].contains(failing.code) ? nil : failing.code()))
        #expect(queue.overruns == (failing.code == ENOBUFS ? 1 : 0))
        packets += try queue.receive { _ in .accept }
        #expect(packets == 1)
        #expect(receiver.receiveAll() == ["text"])
    }

    @Test(arguments: [ENOBUFS, ENOMEM, EAGAIN, EPERM].map(Failing.unsent), [0, 1, 2] as [UInt32])
    func `every packet gets its verdict, whichever cannot be sent`(failing: Failing, after sent: UInt32)
        throws
    {
        var queue = try open()
        let (receiver, sender) = try (socket(at: 5001), socket(at: 0))
        // Five of them are more than is gathered: they take three messages to the kernel.
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

    /// The queue through which every datagram to port 5001 of the loopback goes.
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
