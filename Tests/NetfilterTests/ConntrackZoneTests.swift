// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Netfilter
import Testing

/// The real conntrack table with entries in several zones.
@Suite(.serialized) struct ConntrackZoneTests {
    private let namespace: NetworkNamespace

    init() throws {
        namespace = try NetworkNamespace()
    }

    private func open() throws -> Conntrack {
        try namespace.enter { try Conntrack.open() }
    }

    /// Creates an entry with the program conntrack(8).
    private func add(_ tuple: Tuple, _ zone: String) throws {
        try namespace.run("conntrack \(insertion(of: tuple)) \(zone)")
    }

    /// The options of conntrack(8) for a connection.
    private func insertion(of tuple: Tuple) -> String {
        "-I -p tcp -t 60 --state ESTABLISHED -s \(tuple.source.address) -d \(tuple.destination.address)"
            + " --sport \(tuple.source.port) --dport \(tuple.destination.port)"
    }

    /// A control connection with a zone for each direction.
    private func mapping(_ tuple: Tuple, _ original: UInt16, _ reply: UInt16) -> Mapping {
        var mapping = Mapping(untranslated: tuple)
        mapping.original.zone = original
        mapping.reply.zone = reply
        return mapping
    }

    @Test(arguments: [
        ("-w 5", Sample.control, 5, 5), ("--orig-zone 5", Sample.control, 5, 0),
        ("--reply-zone 5", Sample.control, 0, 5), ("-w 5", Sample.control6, 5, 5),
    ])
    func `an entry in a zone is found, changed and deleted`(
        _ option: String,
        _ tuple: Tuple,
        _ original: UInt16,
        _ reply: UInt16
    ) throws {
        var conntrack = try open()
        try add(tuple, option)
        let mapping = mapping(tuple, original, reply)
        for (tuple, zone) in [(mapping.original, original), (mapping.reply, reply)] {
            var elsewhere = tuple
            elsewhere.zone = 5 - zone
            #expect(try conntrack.entry(for: tuple)?.mapping == mapping)
            #expect(try conntrack.entry(for: elsewhere) == nil)
        }
        conntrack.bypassMark = ConnectionMark(value: 0x1000, mask: 0x1000)
        try conntrack.bypassQueue(mapping)
        try conntrack.beLiberal(mapping)
        #expect(try conntrack.entry(for: mapping.original)?.mark == 0x1000)
        try conntrack.delete(mapping.reply)
        #expect(try conntrack.entry(for: mapping.original) == nil)
    }

    @Test(arguments: [Sample.control, Sample.control6])
    func `a tuple is found in all known zones, and in others after a search`(_ control: Tuple) throws {
        var conntrack = try open()
        try add(control, "")
        try add(control, "-w 5")
        try add(control, "-w 6")
        try add(Sample.control == control ? Sample.control6 : Sample.control, "-w 7")
        let mappings = Set([mapping(control, 0, 0), mapping(control, 5, 5), mapping(control, 6, 6)])
        #expect(try conntrack.entries(of: control).map(\.mapping) == [mapping(control, 0, 0)])
        try search(&conntrack)
        #expect(Set(try conntrack.entries(of: control).map(\.mapping)) == mappings)

        var next = try open()
        try next.survey { _ in }
        #expect(Set(try next.entries(of: control).map(\.mapping)) == mappings)

        var last = try open()
        for mapping in mappings { _ = try last.entry(for: mapping.original) }
        #expect(Set(try last.entries(of: control).map(\.mapping)) == mappings)
    }

    @Test func `zones are found in a dump of several messages`() throws {
        var conntrack = try open()
        let insertions = (1...300).map { port in
            insertion(
                of: Tuple(source: Endpoint(Sample.client, port), destination: Sample.control.destination)
            )
        }
        try namespace.run("conntrack -R -", input: insertions.joined(separator: "\n") + "\n")
        try add(Sample.control, "-w 65535")
        let expected = [mapping(Sample.control, 65535, 65535)]
        var other = try open()
        // Other requests work during the search.
        let steps = try search(&other) { conntrack in
            let entry = try conntrack.entry(for: expected[0].original)
            #expect(entry?.mapping == expected[0])
        }
        #expect(steps > 3)
        try conntrack.survey { _ in }
        for entries in [try conntrack.entries(of: Sample.control), try other.entries(of: Sample.control)] {
            #expect(entries.map(\.mapping) == expected)
        }
    }

    /// Searches for zones, and returns the number of steps.
    @discardableResult
    private func search(
        _ conntrack: inout Conntrack,
        between: (inout Conntrack) throws -> Void = { _ in }
    ) throws -> Int {
        try conntrack.beginSearch()
        var steps = 0
        while conntrack.isSearching {
            try conntrack.continueSearch()
            try between(&conntrack)
            steps += 1
        }
        return steps
    }

    @Test func `an empty table has no entries`() throws {
        var conntrack = try open()
        try conntrack.survey { _ in }
        let steps = try search(&conntrack)
        #expect(steps <= 2)
        #expect(try conntrack.entries(of: Sample.control).isEmpty)
    }

    /// The zones of data connections from the client and from the server.
    @Test(arguments: [
        ("-w 5", (5, 5), (5, 5)), ("--orig-zone 5", (5, 0), (0, 0)), ("--reply-zone 5", (0, 5), (5, 5)),
    ])
    func `a data connection is in the zone of other packets from the same sender`(
        _ option: String,
        _ passive: (UInt16, UInt16),
        _ active: (UInt16, UInt16)
    ) throws {
        var conntrack = try open()
        try add(Sample.control, option)
        let control = mapping(Sample.control, passive.0, passive.1)
        for (from, to, zones) in [
            (Sample.client, Endpoint(Sample.server, 5001), passive),
            (Sample.server, Endpoint(Sample.client, 5001), active),
        ] {
            let expectation = Sample.expectation(master: control.original, from: from, to: to)
            let connection = Sample.connection(expectation, from: 4000, zone: zones.0)
            // The second time replaces the entry of the first.
            for _ in 0..<2 {
                try conntrack.establish(connection)
                let entry = try #require(try conntrack.entry(for: connection.original))
                #expect(entry.mapping == mapping(connection.original, zones.0, zones.1))
                #expect(entry.master?.isAlike(control.original) == true)
            }
        }
    }
}
