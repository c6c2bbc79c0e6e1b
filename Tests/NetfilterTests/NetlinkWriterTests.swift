// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
@testable import Netfilter
import Testing

@Suite struct NetlinkWriterTests {
    /// The attributes that `body` writes, without the message headers.
    private func attributes(_ body: (inout NetlinkWriter) -> Void) -> [UInt8] {
        var writer = NetlinkWriter()
        writer.message(subsystem: 0, command: 0, flags: 0, sequence: 0, family: 0, body)
        return Array(writer.bytes.dropFirst(20))
    }

    private func entry(_ mapping: Mapping, mark: UInt32 = 0) -> ConntrackEntry {
        ConntrackEntry(
            mapping: mapping,
            master: nil,
            id: 1,
            mark: mark,
            helper: nil,
            tcpState: 3,
            hasSeenReply: true
        )
    }

    @Test func `a message begins with both headers and has its length`() {
        var writer = NetlinkWriter()
        writer.message(
            subsystem: 3,
            command: 2,
            flags: 4,
            sequence: 0x0102_0304,
            family: 10,
            resource: 21
        ) { $0.put(1, UInt8(0xff)) }
        #expect(
            writer.bytes
                == hex(
                    "1c000000 0203 0500 04030201 00000000",  // 28 bytes, type, REQUEST | ACK, sequence, port
                    "0a 00 0015",  // AF_INET6, NFNETLINK_V0, resource 21
                    "0500 0100 ff 000000"  // five bytes, type 1, value, padding
                )
        )
    }

    @Test func `a second message follows without a gap`() {
        var writer = NetlinkWriter()
        for sequence in 1...2 {
            writer.message(subsystem: 0, command: 0, flags: 0, sequence: UInt32(sequence), family: 0) {
                $0.put(1, text: "ab")
            }
        }
        #expect(
            writer.bytes
                == hex(
                    "1c000000 0000 0100 01000000 00000000",
                    "00 00 0000",
                    "0700 0100 616200 00",
                    "1c000000 0000 0100 02000000 00000000",
                    "00 00 0000",
                    "0700 0100 616200 00"
                )
        )
    }

    @Test func `a data connection under source and destination NAT has all its attributes`() {
        let expectation = Sample.expectation(
            master: Sample.control,
            from: Sample.server,
            to: Endpoint(Sample.publicClient, 5001),
            translatedFrom: Sample.publicServer,
            translatedTo: Endpoint(Sample.client, 5002)
        )
        var control = Sample.control
        control.zone = 7
        let master = entry(Mapping(untranslated: control), mark: 0x2a)
        #expect(
            attributes { $0.put(Sample.connection(expectation, from: 20, zone: 7), under: master) }
                == hex(
                    "3400 0180",  // CTA_TUPLE_ORIG
                    "1400 0180 0800 0100 0a020002 0800 0200 0a020064",  // CTA_TUPLE_IP: source, destination
                    "1c00 0280 0500 0100 06000000",  // CTA_TUPLE_PROTO: TCP
                    "0600 0200 0014 0000 0600 0300 1389 0000",  // its ports
                    "3400 0280",  // CTA_TUPLE_REPLY, as if there were no NAT
                    "1400 0180 0800 0100 0a020064 0800 0200 0a020002",
                    "1c00 0280 0500 0100 06000000",
                    "0600 0200 1389 0000 0600 0300 0014 0000",
                    "0600 1200 0007 0000",  // CTA_ZONE
                    "0800 0700 00000078",  // CTA_TIMEOUT: 120 s
                    "3400 0e80",  // CTA_TUPLE_MASTER
                    "1400 0180 0800 0100 0a010002 0800 0200 0a020002",
                    "1c00 0280 0500 0100 06000000",
                    "0600 0200 9c40 0000 0600 0300 0015 0000",
                    "0800 0800 0000002a",  // CTA_MARK
                    "1400 0680",  // CTA_NAT_SRC, no port
                    "0800 0100 0a010064 0800 0200 0a010064",  // CTA_NAT_V4_MINIP, MAXIP
                    "2800 0d80",  // CTA_NAT_DST
                    "0800 0100 0a010002 0800 0200 0a010002",
                    "1400 0380 0600 0100 138a 0000 0600 0200 138a 0000"  // CTA_NAT_PROTO: one port
                )
        )
    }

    @Test func `a data connection without NAT has neither NAT nor mark nor zone`() {
        let expectation = Sample.expectation(
            master: Sample.control6,
            from: Sample.server6,
            to: Endpoint(Sample.client6, 5001)
        )
        let master = entry(Mapping(untranslated: Sample.control6))
        let client = "fd010000 00000000 00000000 00000002"
        let server = "fd020000 00000000 00000000 00000002"
        #expect(
            attributes { $0.put(Sample.connection(expectation, from: 20), under: master) }
                == hex(
                    "4c00 0180",  // CTA_TUPLE_ORIG
                    "2c00 0180 1400 0300",
                    server,
                    "1400 0400",
                    client,  // CTA_IP_V6_SRC, CTA_IP_V6_DST
                    "1c00 0280 0500 0100 06000000 0600 0200 0014 0000 0600 0300 1389 0000",
                    "4c00 0280",  // CTA_TUPLE_REPLY
                    "2c00 0180 1400 0300",
                    client,
                    "1400 0400",
                    server,
                    "1c00 0280 0500 0100 06000000 0600 0200 1389 0000 0600 0300 0014 0000",
                    "0800 0700 00000078",  // CTA_TIMEOUT
                    "4c00 0e80",  // CTA_TUPLE_MASTER
                    "2c00 0180 1400 0300",
                    client,
                    "1400 0400",
                    server,
                    "1c00 0280 0500 0100 06000000 0600 0200 9c40 0000 0600 0300 0015 0000"
                )
        )
    }

    @Test func `IPv6 translation has the address types of IPv6`() {
        let expectation = Sample.expectation(
            master: Sample.control6,
            from: Sample.server6,
            to: Endpoint(.v6(high: 0xfd02 << 48, low: 0x64), 5001),
            translatedTo: Endpoint(Sample.client6, 5001)
        )
        let master = entry(Mapping(untranslated: Sample.control6))
        let client = "fd010000 00000000 00000000 00000002"
        let server = "fd020000 00000000 00000000 00000002"
        #expect(
            attributes { $0.put(Sample.connection(expectation, from: 20), under: master) }.suffix(108)
                == hex(
                    "2c00 0680 1400 0400",
                    server,
                    "1400 0500",
                    server,  // CTA_NAT_SRC: CTA_NAT_V6_MINIP, MAXIP
                    "4000 0d80 1400 0400",
                    client,
                    "1400 0500",
                    client,  // CTA_NAT_DST
                    "1400 0380 0600 0100 1389 0000 0600 0200 1389 0000"
                )
        )
    }

    @Test func `under a translated control connection even an untranslated data connection goes through NAT`()
    {
        let expectation = Sample.expectation(
            master: Sample.control,
            from: Sample.server,
            to: Endpoint(Sample.client, 5001)
        )
        var mapping = Mapping(untranslated: Sample.control)
        mapping.reply.source.port = 2121
        let plain = attributes {
            $0.put(
                Sample.connection(expectation, from: 20),
                under: entry(Mapping(untranslated: Sample.control))
            )
        }
        let translated = attributes {
            $0.put(Sample.connection(expectation, from: 20), under: entry(mapping))
        }
        #expect(
            translated
                == plain
                + hex(
                    "1400 0680 0800 0100 0a020002 0800 0200 0a020002",  // CTA_NAT_SRC: as it is
                    "2800 0d80 0800 0100 0a010002 0800 0200 0a010002",  // CTA_NAT_DST: as it is
                    "1400 0380 0600 0100 1389 0000 0600 0200 1389 0000"
                )
        )
    }

    @Test func `a liberal connection is liberal in both directions and gets its timeout`() {
        #expect(
            attributes { $0.putLiberal(Sample.control, timeout: 432_000) }.dropFirst(52)
                == hex(
                    "0800 0700 00069780",  // CTA_TIMEOUT
                    "1800 0480",  // CTA_PROTOINFO
                    "1400 0180",  // CTA_PROTOINFO_TCP
                    "0600 0400 0808 0000",  // CTA_PROTOINFO_TCP_FLAGS_ORIGINAL: flags and mask
                    "0600 0500 0808 0000"  // CTA_PROTOINFO_TCP_FLAGS_REPLY
                )[...]
        )
    }

    @Test func `a pinhole has numbers in network byte order`() {
        let member = PinholeSet.Member.pinhole(to: Endpoint(Sample.publicClient, 5001), from: Sample.server)
        #expect(
            attributes { $0.put(member: member, timeout: 300) }
                == hex(
                    "3400 0780",  // IPSET_ATTR_DATA
                    "0c00 0180 0800 0140 0a020064",  // IPSET_ATTR_IP: IPSET_ATTR_IPADDR_IPV4
                    "0600 0440 1389 0000",  // IPSET_ATTR_PORT
                    "0500 0700 06000000",  // IPSET_ATTR_PROTO
                    "0c00 1480 0800 0140 0a020002",  // IPSET_ATTR_IP2
                    "0800 0640 0000012c"  // IPSET_ATTR_TIMEOUT
                )
        )
    }

    @Test func `an element of nftables is one key of three parts with a timeout in milliseconds`() {
        let member = PinholeSet.Member.pinhole(to: Endpoint(Sample.publicClient, 5001), from: Sample.server)
        #expect(
            attributes { $0.put(element: member, timeout: 250) }
                == hex(
                    "2800 0380",  // NFTA_SET_ELEM_LIST_ELEMENTS
                    "2400 0180",  // NFTA_LIST_ELEM
                    "1400 0180 1000 0100",  // NFTA_SET_ELEM_KEY, NFTA_DATA_VALUE
                    "0a020064 13890000 0a020002",
                    "0c00 0400 00000000 0003d090"  // NFTA_SET_ELEM_TIMEOUT
                )
        )
    }

    @Test func `a removed IPv6 pinhole has no timeout`() {
        let member = PinholeSet.Member.pinhole(to: Endpoint(Sample.client6, 5001), from: Sample.server6)
        #expect(
            attributes { $0.put(member: member, timeout: nil) }
                == hex(
                    "4400 0780",  // IPSET_ATTR_DATA
                    "1800 0180 1400 0240 fd010000 00000000 00000000 00000002",  // IPSET_ATTR_IP
                    "0600 0440 1389 0000",  // IPSET_ATTR_PORT
                    "0500 0700 06000000",  // IPSET_ATTR_PROTO
                    "1800 1480 1400 0240 fd020000 00000000 00000000 00000002"  // IPSET_ATTR_IP2
                )
        )
    }
}
