// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Netfilter
import Testing

@Suite struct ConntrackEntryTests {
    /// The kernel's message about a data connection with SNAT and DNAT.
    private static let whole = hex(
        "3400 0180",  // CTA_TUPLE_ORIG
        "1400 0180 0800 0100 0a020002 0800 0200 0a020064",
        "1c00 0280 0500 0100 06000000 0600 0200 0014 0000 0600 0300 1389 0000",
        "3400 0280",  // CTA_TUPLE_REPLY
        "1400 0180 0800 0100 0a010002 0800 0200 0a010064",
        "1c00 0280 0500 0100 06000000 0600 0200 138a 0000 0600 0300 0015 0000",
        "0800 0300 0000000b",  // CTA_STATUS: IPS_EXPECTED | IPS_SEEN_REPLY | IPS_CONFIRMED
        "1000 0580 0800 0100 66747000 0400 0300",  // CTA_HELP: "ftp", CTA_HELP_INFO
        "3000 0480 2c00 0180",  // CTA_PROTOINFO, CTA_PROTOINFO_TCP
        "0500 0100 03000000 0500 0200 07000000 0500 0300 07000000",
        "0600 0400 2300 0000 0600 0500 2300 0000",
        "0800 0700 00000078",  // CTA_TIMEOUT
        "0800 0800 0000002a",  // CTA_MARK
        "0600 1200 0007 0000",  // CTA_ZONE
        "3400 0e80",  // CTA_TUPLE_MASTER
        "1400 0180 0800 0100 0a010002 0800 0200 0a020002",
        "1c00 0280 0500 0100 06000000 0600 0200 9c40 0000 0600 0300 0015 0000",
        "0800 0b00 00000001",  // CTA_USE
        "0800 0c00 89abcdef",  // CTA_ID
        "1c00 0980 0c00 0100 00000000 00000005 0c00 0200 00000001 00000002",  // CTA_COUNTERS_ORIG
        "1c00 0a80 0c00 0100 00000000 00000006 0c00 0200 00000000 00000007"  // CTA_COUNTERS_REPLY
    )

    private func parse(_ bytes: [UInt8]) -> ConntrackEntry? { ConntrackEntry(parsing: bytes.span) }

    @Test func `all attributes of an entry are read`() {
        #expect(
            parse(Self.whole)
                == ConntrackEntry(
                    mapping: Mapping(
                        original: Tuple(
                            source: Endpoint(Sample.server, 20),
                            destination: Endpoint(Sample.publicClient, 5001),
                            zone: 7
                        ),
                        reply: Tuple(
                            source: Endpoint(Sample.client, 5002),
                            destination: Endpoint(Sample.publicServer, 21),
                            zone: 7
                        )
                    ),
                    master: Sample.control,
                    id: 0x89ab_cdef,
                    mark: 42,
                    helper: "ftp",
                    tcpState: 3,
                    hasSeenReply: true,
                    traffic: Traffic(
                        original: Traffic.Direction(packets: 5, bytes: 0x1_0000_0002),
                        reply: Traffic.Direction(packets: 6, bytes: 7)
                    )
                )
        )
    }

    @Test func `missing attributes of an entry are not set`() throws {
        let tuple = hex(
            "4c00 0180",
            "2c00 0180 1400 0300 fd010000 00000000 00000000 00000002",
            "1400 0400 fd020000 00000000 00000000 00000002",
            "1c00 0280 0500 0100 06000000 0600 0200 9c40 0000 0600 0300 0015 0000"
        )
        let reply = [0x4c, 0x00, 0x02, 0x80] + tuple.dropFirst(4)
        let entry = try #require(parse(tuple + reply))
        #expect(entry.mapping == Mapping(original: Sample.control6, reply: Sample.control6))
        #expect(entry.master == nil && entry.helper == nil && entry.tcpState == nil)
        #expect(entry.traffic == nil)
        #expect(entry.id == 0 && entry.mark == 0 && entry.mapping.zone == 0 && !entry.hasSeenReply)
    }

    @Test func `a zone of one direction belongs to its tuple`() throws {
        let tuple = hex(
            "1400 0180 0800 0100 0a010002 0800 0200 0a020002",
            "1c00 0280 0500 0100 06000000 0600 0200 9c40 0000 0600 0300 0015 0000"
        )
        let zoned = hex("3c00 0280") + tuple + hex("0600 0300 0007 0000")
        let entry = try #require(parse(hex("3400 0180") + tuple + zoned))
        #expect(entry.mapping.original.zone == 0 && entry.mapping.reply.zone == 7)
    }

    @Test
    func `streams that SYNPROXY or a helper shifts are reported, including those that may be shifted later`()
        throws
    {
        let none = try #require(parse(Self.whole))
        #expect(none.shifted == [])
        // CTA_SEQ_ADJ_ORIG, CTA_SEQ_ADJ_REPLY, CTA_SYNPROXY.
        let still = hex("1c00 0f80 0800 0100 00000000 0800 0200 00000000 0800 0300 00000000")
        let moved = hex("1c00 1080 0800 0100 00000005 0800 0200 00000000 0800 0300 fffffff0")
        let other = hex("1c00 0f80 0800 0100 00000000 0800 0200 00000001 0800 0300 00000000")
        let unused = hex("1c00 1880 0800 0100 00000000 0800 0200 00000000 0800 0300 00000000")
        let proxy = hex("1c00 1880 0800 0100 12345678 0800 0200 00000000 0800 0300 00000000")
        for (bytes, shifted) in [
            (still, ShiftedStreams()), (still + moved, .server), (other, .client),
            (other + moved, ShiftedStreams([.client, .server])), (proxy, .server), (unused, ShiftedStreams()),
        ] {
            #expect(parse(Self.whole + bytes)?.shifted == shifted)
        }
    }

    @Test func `an entry may have a connection reversed, unless there is NAT`() throws {
        let direct = Mapping(untranslated: Sample.control)
        let entry = ConntrackEntry(
            mapping: direct.reversed,
            master: nil,
            id: 1,
            mark: 0,
            helper: nil,
            tcpState: 3,
            hasSeenReply: true
        )
        #expect(entry.isOf(direct) && entry.isOf(direct.reversed))
        let whole = try #require(parse(Self.whole))
        #expect(whole.isOf(whole.mapping) && !whole.isOf(whole.mapping.reversed) && !whole.isOf(direct))
    }

    @Test func `a connection of another protocol is ignored`() {
        var udp = Self.whole
        udp[32] = 17
        #expect(udp != Self.whole)
        #expect(parse(udp) == nil)
    }

    @Test func `an entry truncated anywhere gives its complete attributes`() {
        for count in 0..<Self.whole.count {
            let entry = parse(Array(Self.whole.prefix(count)))
            // Both tuples together have 104 bytes.
            #expect((entry != nil) == (count >= 104), "\(count) bytes")
        }
    }

    @Test func `any byte of an entry may change without a trap`() {
        for index in Self.whole.indices {
            for value in [0, 1, 3, 4, 5, 0x7f, 0x80, 0xff] as [UInt8] {
                var bytes = Self.whole
                bytes[index] = value
                if let entry = parse(bytes) {
                    #expect(entry.mapping.original.source.address.isSameFamily(as: Sample.client))
                }
            }
        }
    }
}
