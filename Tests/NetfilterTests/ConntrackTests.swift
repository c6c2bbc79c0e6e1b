// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing

/// Requests to the real conntrack table; `DataConnectionTests` test what its entries do to packets.
@Suite(.serialized) struct ConntrackTests {
    private let namespace: NetworkNamespace

    init() throws {
        namespace = try NetworkNamespace()
    }

    private func open() throws -> Conntrack {
        try namespace.enter { try Conntrack.open() }
    }

    /// Creates an entry with the program conntrack(8).
    private func add(_ tuple: Tuple, _ state: String = "ESTABLISHED", _ options: String = "") throws {
        try namespace.run(
            "conntrack -I -p tcp -t 60 --state \(state) \(options)"
                + " -s \(tuple.source.address) -d \(tuple.destination.address)"
                + " --sport \(tuple.source.port) --dport \(tuple.destination.port)"
        )
    }

    /// The IPv4 entries as conntrack(8) lists them.
    private func list() throws -> [String] {
        try namespace.run("conntrack -L -o id").split(separator: "\n").map(String.init)
    }

    /// Active FTP: the client has announced port 5001, and the server connects to it.
    private let expectation = Sample.expectation(
        master: Sample.control,
        from: Sample.server,
        to: Endpoint(Sample.client, 5001)
    )

    private var connection: ExpectedConnection { Sample.connection(expectation, from: 20) }

    @Test(arguments: [Sample.control, Sample.control6])
    func `an entry is found by either tuple`(control: Tuple) throws {
        var conntrack = try open()
        try add(control, "ESTABLISHED", "-m 42")
        let entry = try #require(try conntrack.entry(for: control))
        #expect(entry.mapping == Mapping(untranslated: control))
        #expect(entry.mark == 42)
        #expect(entry.tcpState == 3)
        #expect(entry.helper == nil && entry.master == nil && !entry.hasSeenReply)
        #expect(try conntrack.entry(for: control.inverted) == entry)
    }

    @Test func `a translated entry shows its translation`() throws {
        var conntrack = try open()
        try add(Sample.control, "ESTABLISHED", "--src-nat 10.2.0.100:30000 --reply-port-dst 40000")
        let entry = try #require(try conntrack.entry(for: Sample.control))
        #expect(
            entry.mapping.reply
                == Tuple(
                    source: Endpoint(Sample.server, 21),
                    destination: Endpoint(Sample.publicClient, 30000)
                )
        )
        #expect(try conntrack.entry(for: entry.mapping.reply) == entry)
    }

    @Test func `a missing entry is not an error`() throws {
        var conntrack = try open()
        #expect(try conntrack.entry(for: Sample.control) == nil)
        #expect(try conntrack.entry(for: Sample.control6) == nil)
    }

    @Test func `a kernel helper is named`() throws {
        var conntrack = try open()
        try namespace.run("ip addr add 10.1.0.2/32 dev lo")
        try namespace.run("ip addr add 10.2.0.2/32 dev lo")
        try namespace.run("iptables -w -t raw -A OUTPUT -p tcp --dport 21 -j CT --helper ftp")
        try namespace.run("iptables -w -A INPUT -m conntrack --ctstate INVALID -j DROP")
        let listener = try namespace.enter { try TCPSocket.listen(at: Sample.control.destination) }
        let client = try namespace.enter {
            try TCPSocket.connect(from: Sample.control.source, to: Sample.control.destination)
        }
        #expect(client.isConnected(within: 10_000))
        _ = try listener.accept()
        let entry = try #require(try conntrack.entry(for: Sample.control))
        #expect(entry.helper == "ftp")
        #expect(entry.hasSeenReply)
    }

    @Test func `a data connection takes its master's mark`() throws {
        var conntrack = try open()
        try add(Sample.control, "ESTABLISHED", "-m 42")
        try conntrack.establish(connection)
        let entry = try #require(try conntrack.entry(for: connection.original))
        #expect(entry.mapping == Mapping(untranslated: connection.original))
        #expect(entry.master == Sample.control)
        #expect(entry.mark == 42)
        #expect(entry.tcpState == 0)
        #expect(!entry.hasSeenReply)
    }

    @Test func `both ends of a data connection are translated, and a port in use is changed`() throws {
        var conntrack = try open()
        try add(Sample.control)
        let expectation = Sample.expectation(
            master: Sample.control,
            from: Sample.server,
            to: Endpoint(Sample.publicClient, 5001),
            translatedFrom: Sample.publicServer,
            translatedTo: Endpoint(Sample.client, 5002)
        )
        let connection = Sample.connection(expectation, from: 20)
        try conntrack.establish(connection)
        let entry = try #require(try conntrack.entry(for: connection.original))
        #expect(
            entry.mapping.reply
                == Tuple(
                    source: Endpoint(Sample.client, 5002),
                    destination: Endpoint(Sample.publicServer, 20)
                )
        )

        // Another server's connection to the same endpoint, which would have the same addresses for the client.
        let other = Sample.expectation(
            master: Sample.control,
            from: Sample.v4(10, 2, 0, 3),
            to: Endpoint(Sample.publicClient, 5001),
            translatedFrom: Sample.publicServer,
            translatedTo: Endpoint(Sample.client, 5002)
        )
        try conntrack.establish(Sample.connection(other, from: 20))
        let moved = try #require(try conntrack.entry(for: Sample.connection(other, from: 20).original))
        #expect(moved.mapping.reply.destination.address == Sample.publicServer)
        #expect(moved.mapping.reply.destination.port != 20)
        #expect(moved.mapping.reply.source == Endpoint(Sample.client, 5002))
    }

    @Test func `a data connection needs its control connection`() throws {
        var conntrack = try open()
        #expect(throws: SystemError("look up the control connection", code: ENOENT)) {
            try conntrack.establish(connection)
        }
        #expect(try list().isEmpty)
    }

    @Test(arguments: ["FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"])
    func `the entry of an earlier connection is replaced`(state: String) throws {
        var conntrack = try open()
        try add(Sample.control)
        try add(connection.original, state)
        try conntrack.establish(connection)
        let entry = try #require(try conntrack.entry(for: connection.original))
        #expect(entry.master == Sample.control)
        #expect(entry.tcpState == 0)
    }

    @Test func `an ended entry of the other direction is replaced`() throws {
        var conntrack = try open()
        try add(Sample.control)
        try add(connection.original.inverted, "TIME_WAIT")
        try conntrack.establish(connection)
        let entry = try #require(try conntrack.entry(for: connection.original))
        #expect(entry.mapping.original == connection.original)
        #expect(entry.master == Sample.control)
    }

    @Test func `an unanswered entry of an expected connection is replaced by the next one`() throws {
        var conntrack = try open()
        try add(Sample.control)
        try conntrack.establish(connection)
        #expect(try conntrack.entry(for: connection.original)?.mark == 0)
        try conntrack.delete(Sample.control)
        try add(Sample.control, "ESTABLISHED", "-m 7")
        try conntrack.establish(connection)
        #expect(try conntrack.entry(for: connection.original)?.mark == 7)
    }

    @Test(arguments: ["SYN_SENT", "SYN_RECV", "ESTABLISHED"])
    func `the entry of a live connection stays`(state: String) throws {
        var conntrack = try open()
        try add(Sample.control)
        try add(connection.original, state)
        let old = try #require(try conntrack.entry(for: connection.original))
        #expect(throws: SystemError("create the conntrack entry", code: EEXIST)) {
            try conntrack.establish(connection)
        }
        #expect(try conntrack.entry(for: connection.original) == old)
    }

    @Test func `the entry of a connection with the reply tuple stays`() throws {
        var conntrack = try open()
        try add(Sample.control)
        // From another source, and translated so that its reply tuple is that of the data connection.
        let other = Tuple(
            source: Endpoint(Sample.v4(10, 3, 0, 2), 20),
            destination: Endpoint(Sample.client, 5001)
        )
        try add(other, "ESTABLISHED", "--src-nat 10.2.0.2:20")
        #expect(throws: SystemError("create the conntrack entry", code: EEXIST)) {
            try conntrack.establish(connection)
        }
        #expect(try conntrack.entry(for: other) != nil)
    }

    @Test func `a liberal connection is liberal in both directions`() throws {
        var conntrack = try open()
        try add(Sample.control)
        try add(Sample.control6)
        try conntrack.beLiberal(Mapping(untranslated: Sample.control))
        try conntrack.beLiberal(Mapping(untranslated: Sample.control6))
        // conntrack(8) does not show the flags; `DataConnectionTests` test their effect.
        #expect(try conntrack.entry(for: Sample.control)?.tcpState == 3)
        // The entries were added with a shorter timeout, and now have that of an established connection.
        let timeouts = try list().compactMap { $0.split(separator: " ").dropFirst(2).first }
        #expect(timeouts.count == 2)
        #expect(timeouts.allSatisfy { UInt32($0).map { $0 > 400_000 } == true })
    }

    @Test func `a silent connection is kept as long as an established one, if it exists`() throws {
        var conntrack = try open()
        try add(Sample.control)
        try conntrack.keepAlive(Mapping(untranslated: Sample.control))
        try conntrack.keepAlive(Mapping(untranslated: Sample.control6))
        let timeouts = try list().compactMap { $0.split(separator: " ").dropFirst(2).first }
        #expect(timeouts.map { UInt32($0).map { $0 > 400_000 } } == [true])
    }

    @Test func `a connection that is gone cannot be made liberal`() throws {
        var conntrack = try open()
        #expect(throws: SystemError("relax the sequence check of a control connection", code: ENOENT)) {
            try conntrack.beLiberal(Mapping(untranslated: Sample.control))
        }
        #expect(try list().isEmpty)
    }

    @Test func `an entry is deleted, and a missing one is not an error`() throws {
        var conntrack = try open()
        try add(Sample.control)
        try conntrack.delete(Sample.control)
        #expect(try conntrack.entry(for: Sample.control) == nil)
        try conntrack.delete(Sample.control)
    }

    @Test func `an entry that replaced another is not deleted`() throws {
        var conntrack = try open()
        try add(Sample.control)
        let entry = try #require(try conntrack.entry(for: Sample.control))
        try conntrack.delete(Sample.control, id: entry.id ^ 1)
        #expect(try conntrack.entry(for: Sample.control) == entry)
        try conntrack.delete(Sample.control, id: entry.id)
        #expect(try conntrack.entry(for: Sample.control) == nil)
    }

    @Test
    func `a connection gets and loses the bypass mark, and its data connections do not have it`()
        throws
    {
        var conntrack = try open()
        try add(Sample.control, "ESTABLISHED", "-m 42")
        let mapping = Mapping(untranslated: Sample.control)
        try conntrack.bypassQueue(mapping)
        #expect(try conntrack.entry(for: Sample.control)?.mark == 42)
        conntrack.bypassMark = ConnectionMark(value: 0x1000, mask: 0x3000)
        try conntrack.bypassQueue(mapping)
        #expect(try conntrack.entry(for: Sample.control)?.mark == 0x102a)
        try conntrack.establish(connection)
        #expect(try conntrack.entry(for: connection.original)?.mark == 42)
        try conntrack.requeue(mapping)
        #expect(try conntrack.entry(for: Sample.control)?.mark == 42)
    }

    @Test func `setting the mark of a missing connection is an error, removing it is not`() throws {
        var conntrack = try open()
        conntrack.bypassMark = ConnectionMark(value: 0x1000, mask: 0x1000)
        let mapping = Mapping(untranslated: Sample.control)
        #expect(throws: SystemError("mark a control connection", code: ENOENT)) {
            try conntrack.bypassQueue(mapping)
        }
        try conntrack.requeue(mapping)
    }

    @Test(arguments: [
        ("ESTABLISHED", false), ("FIN_WAIT", false), ("CLOSE_WAIT", false), ("TIME_WAIT", true),
        ("CLOSE", true),
    ])
    func `a connection has ended once both ends have closed it`(state: String, isOver: Bool) throws {
        var conntrack = try open()
        try add(Sample.control, state)
        let entry = try conntrack.entry(for: Sample.control)
        #expect(entry?.isOver == isOver)
        #expect(entry?.isEstablished == (state == "ESTABLISHED"))
        #expect(entry?.isCutOff == (state == "CLOSE"))
    }
}
