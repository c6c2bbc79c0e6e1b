// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct AnnouncementTests {
    /// What a line announces, as `address port [field]`; `nil` if it is malformed.
    private static func announced(_ line: String, isIPv6: Bool) -> String? {
        let bytes = Array(line.utf8)
        let found = Announcement(line: bytes, on: address(isIPv6 ? "fd01::2" : "10.1.0.2"))
        return found.map {
            "\($0.address?.description ?? "-") \($0.port) [\(String(decoding: bytes[$0.field], as: UTF8.self))]"
        }
    }

    static let commands4: [(line: String, announced: String?)] = [
        ("PORT 10,1,0,2,19,137\r\n", "10.1.0.2 5001 [10,1,0,2,19,137]"),
        ("PORT 10,1,0,2,19,137\n", "10.1.0.2 5001 [10,1,0,2,19,137]"),
        ("port\t10,1,0,2,19,137 \t \r\n", "10.1.0.2 5001 [10,1,0,2,19,137]"),
        ("PORT 010,001,000,002,019,137\r\n", "10.1.0.2 5001 [010,001,000,002,019,137]"),
        ("PORT 0000000010,1,0,2,19,137\r\n", "10.1.0.2 5001 [0000000010,1,0,2,19,137]"),
        ("PORT 255,255,255,255,255,255\r\n", "255.255.255.255 65535 [255,255,255,255,255,255]"),
        ("PORT 0,0,0,0,0,1\r\n", "0.0.0.0 1 [0,0,0,0,0,1]"),
        ("PORT 10,1,0,2,19,393\r\n", nil), ("PORT 10,1,0,2,0,0\r\n", nil), ("PORT 10,1,0,2,256,0\r\n", nil),
        ("PORT 256,1,0,2,19,137\r\n", nil), ("PORT 10,1,0,2,19\r\n", nil),
        ("PORT 10,1,0,2,19,137,0\r\n", nil),
        ("PORT 10,1,0,2,19,137,\r\n", nil), ("PORT 10,1,0,2,19,\r\n", nil),
        ("PORT ,10,1,0,2,19,137\r\n", nil),
        ("PORT 10, 1,0,2,19,137\r\n", nil), ("PORT 10,1,0,2,19,137 x\r\n", nil),
        ("PORT 10,1,0,2,19,137x\r\n", nil),
        ("PORT 10,1,0,2,19,137\0\r\n", nil), ("PORT \0" + "10,1,0,2,19,137\r\n", nil),
        ("PORT 10,1,0,2,19\0,137\r\n", nil),
        ("PORT 10.1.0.2,19,137\r\n", nil), ("PORT (10,1,0,2,19,137)\r\n", nil),
        ("PORT +10,1,0,2,19,137\r\n", nil),
        ("PORT 10,1,0,2,19,-119\r\n", nil), ("PORT 10,1,0,2,0x13,137\r\n", nil), ("PORT\r\n", nil),
        ("PORT x\r\n", nil),
        ("PORT 4294967306,1,0,2,19,137\r\n", nil), ("PORT 10,1,0,2,19,137\r10,1,0,2,19,138\r\n", nil),
        ("PORT \u{feff}10,1,0,2,19,137\r\n", nil), ("PORT １0,1,0,2,19,137\r\n", nil),

        ("EPRT |1|10.1.0.2|5001|\r\n", "10.1.0.2 5001 [10.1.0.2|5001]"),
        ("eprt |01|010.001.000.002|05001| \r\n", "10.1.0.2 5001 [010.001.000.002|05001]"),
        ("EPRT !1!10.1.0.2!5001!\r\n", "10.1.0.2 5001 [10.1.0.2!5001]"),
        ("EPRT ~1~10.1.0.2~65535~\r\n", "10.1.0.2 65535 [10.1.0.2~65535]"),
        ("EPRT ,1,10.1.0.2,1,\r\n", "10.1.0.2 1 [10.1.0.2,1]"),
        ("EPRT .1.10.1.0.2.5001.\r\n", "10.1.0.2 5001 [10.1.0.2.5001]"),
        ("EPRT x1x10.1.0.2x5001x\r\n", "10.1.0.2 5001 [10.1.0.2x5001]"),
        ("EPRT |1|10.1.0.2|70537|\r\n", nil), ("EPRT |1|10.1.0.2|65536|\r\n", nil),
        ("EPRT |1|10.1.0.2|0|\r\n", nil),
        ("EPRT |2|fd01::2|5001|\r\n", nil), ("EPRT |1|fd01::2|5001|\r\n", nil),
        ("EPRT |2|10.1.0.2|5001|\r\n", nil),
        ("EPRT |2|::10.1.0.2|5001|\r\n", nil), ("EPRT |3|10.1.0.2|5001|\r\n", nil),
        ("EPRT |0|10.1.0.2|5001|\r\n", nil),
        ("EPRT ||10.1.0.2|5001|\r\n", nil), ("EPRT |||5001|\r\n", nil), ("EPRT |1||5001|\r\n", nil),
        ("EPRT |1|10.1.0.2||\r\n", nil), ("EPRT |1|10.1.0.2|5001\r\n", nil),
        ("EPRT 1|10.1.0.2|5001|\r\n", nil),
        ("EPRT |1|10.1.0.2|5001||\r\n", nil), ("EPRT |1|10.1.0.2|5001|x\r\n", nil),
        ("EPRT ||1|10.1.0.2|5001|\r\n", nil),
        ("EPRT |1|10.1.0.2!5001|\r\n", nil), ("EPRT |1|10.1.0.2|5001!\r\n", nil),
        ("EPRT |1|10.1.0.2|+5001|\r\n", nil), ("EPRT |1|10.1.0.2|5001x|\r\n", nil),
        ("EPRT |1|10.1.0.2| 5001|\r\n", nil), ("EPRT |1|10.1.0|5001|\r\n", nil),
        ("EPRT |1|10.1.0.256|5001|\r\n", nil),
        ("EPRT |1|10.1.0.2.3|5001|\r\n", nil), ("EPRT |1|10.1.0.2\0|5001|\r\n", nil),
        ("EPRT |1|10,1,0,2|5001|\r\n", nil),
        ("EPRT 1110.1.0.2150011\r\n", nil), ("EPRT 010010.1.0.2050010\r\n", nil), ("EPRT |\r\n", nil),
        ("EPRT\r\n", nil),
        ("EPRT ||\r\n", nil), ("EPRT ||||\r\n", nil), ("EPRT \u{7f}1\u{7f}10.1.0.2\u{7f}5001\u{7f}\r\n", nil),
        ("EPRT \u{1}1\u{1}10.1.0.2\u{1}5001\u{1}\r\n", nil), ("EPRT |4294967297|10.1.0.2|5001|\r\n", nil),

        ("LPRT 4,4,10,1,0,2,2,19,137\r\n", "10.1.0.2 5001 [4,4,10,1,0,2,2,19,137]"),
        ("lprt  04,04,010,1,0,2,02,19,137 \r\n", "10.1.0.2 5001 [04,04,010,1,0,2,02,19,137]"),
        ("LPRT 4,4,10,1,0,2,2,0,0\r\n", nil), ("LPRT 4,4,10,1,0,2,2,19\r\n", nil),
        ("LPRT 4,4,10,1,0,2,2,19,137,1\r\n", nil),
        ("LPRT 4,5,10,1,0,2,2,19,137\r\n", nil), ("LPRT 5,4,10,1,0,2,2,19,137\r\n", nil),
        ("LPRT 4,4,10,1,0,2,1,19\r\n", nil),
        ("LPRT 4,4,10,1,0,2,3,0,19,137\r\n", nil), ("LPRT 10,1,0,2,19,137\r\n", nil), ("LPRT 4\r\n", nil),
        ("LPRT\r\n", nil),
        ("LPRT 6,16,253,1,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,19,137\r\n", nil),
        ("LPRT 4,4,10,1,0,2,2,19,137 x\r\n", nil),
    ]

    @Test(arguments: commands4)
    func `a command over IPv4 announces its address or is malformed`(line: String, announced: String?) {
        #expect(Self.announced(line, isIPv6: false) == announced)
    }

    static let commands6: [(line: String, announced: String?)] = [
        ("EPRT |2|fd01::2|5001|\r\n", "fd01::2 5001 [fd01::2|5001]"),
        ("EPRT |2|FD01:0:0:0:0:0:0:2|5001|\r\n", "fd01::2 5001 [FD01:0:0:0:0:0:0:2|5001]"),
        ("EPRT :2:fd01::2:5001:\r\n", "fd01::2 5001 [fd01::2:5001]"),
        ("EPRT a2afd01::2a5001a\r\n", "fd01::2 5001 [fd01::2a5001]"),
        ("EPRT |2|::ffff:10.1.0.2|5001|\r\n", "::ffff:a01:2 5001 [::ffff:10.1.0.2|5001]"),
        ("EPRT |2|::|5001|\r\n", ":: 5001 [::|5001]"),
        ("EPRT |1|10.1.0.2|5001|\r\n", nil), ("EPRT |1|fd01::2|5001|\r\n", nil),
        ("EPRT |2|10.1.0.2|5001|\r\n", nil),
        ("EPRT |2|fd01::2%eth0|5001|\r\n", nil), ("EPRT |2|[fd01::2]|5001|\r\n", nil),
        ("EPRT |2|fd01::2|0|\r\n", nil),
        ("EPRT |2|fd01::2::|5001|\r\n", nil), ("EPRT |2|fd01:2|5001|\r\n", nil),
        ("PORT 10,1,0,2,19,137\r\n", nil), ("LPRT 4,4,10,1,0,2,2,19,137\r\n", nil),
        (
            "LPRT 6,16,253,1,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,19,137\r\n",
            "fd01::2 5001 [6,16,253,1,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,19,137]"
        ),
        ("LPRT 6,16,253,1,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,19\r\n", nil),
    ]

    @Test(arguments: commands6)
    func `a command over IPv6 announces its address or is malformed`(line: String, announced: String?) {
        #expect(Self.announced(line, isIPv6: true) == announced)
    }

    static let replies4: [(line: String, announced: String?)] = [
        ("227 Entering Passive Mode (10,2,0,2,19,137)\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 Entering Passive Mode (10,2,0,2,19,137).\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 Entering Passive Mode 10,2,0,2,19,137\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 Entering Passive Mode =10,2,0,2,19,137\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 Entering Passive Mode (10, 2, 0, 2, 19, 137)\r\n", "10.2.0.2 5001 [10, 2, 0, 2, 19, 137]"),
        ("227 Entering Passive Mode ( 10,2,0,2,19,137 )\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 (010,002,000,002,019,137)\n", "10.2.0.2 5001 [010,002,000,002,019,137]"),
        ("227 10,2,0,2,19,137\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227\t10,2,0,2,19,137", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 Mode 2 (RFC 959) of 3 (10,2,0,2,19,137)\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 (see RFC) ok 10,2,0,2,19,137\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 1,2,3 (10,2,0,2,19,137)\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 1,2,3,4,5,6 (10,2,0,2,19,137)\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 (1,2,3,4,5,6,7) (10,2,0,2,19,137)\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 (10,2,0,2,19,999) 10,2,0,2,19,137\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 (10,2,0,2,0,0) (10,2,0,2,19,137)\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 (10,2,0,2,19,137) (10,2,0,2,19,138)\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 10,2,0,2,19,137 10,2,0,2,19,138\r\n", "10.2.0.2 5001 [10,2,0,2,19,137]"),
        ("227 (0,0,0,0,19,137)\r\n", "0.0.0.0 5001 [0,0,0,0,19,137]"),
        ("227 Logout.\r\n", nil), ("227\r\n", nil), ("227 \r\n", nil), ("227 ()\r\n", nil),
        ("227 ok (10,2,0,2,19,393)\r\n", nil), ("227 (10,2,0,2,0,0)\r\n", nil),
        ("227 (10,2,0,2,19)\r\n", nil),
        ("227 (10,2,0,2,19,137,1)\r\n", nil), ("227 (10 ,2,0,2,19,137)\r\n", nil),
        ("227 (10.2.0.2,19,137)\r\n", nil),
        ("227 (10,2,0,2,19,-1)\r\n", nil), ("227 (|||5001|)\r\n", nil), ("227 (10,2,0,2,19,\r\n", nil),
        ("227 ok\0 (10,2,0,2,19,137)\r\n", nil), ("227 (10,2,0,2,19,137)\0\r\n", nil),
        ("227 (10,2,0\0,2,19,137)\r\n", nil),

        (
            "228 Entering Long Passive Mode (4,4,10,2,0,2,2,19,137)\r\n",
            "10.2.0.2 5001 [4,4,10,2,0,2,2,19,137]"
        ),
        ("228 ok 4, 4, 10, 2, 0, 2, 2, 19, 137\r\n", "10.2.0.2 5001 [4, 4, 10, 2, 0, 2, 2, 19, 137]"),
        ("228 (10,2,0,2,19,137)\r\n", nil), ("228 (4,4,10,2,0,2,2,0,0)\r\n", nil),
        ("228 (4,4,10,2,0,2,2,19)\r\n", nil),

        ("229 Entering Extended Passive Mode (|||5001|)\r\n", "- 5001 [5001]"),
        ("229 Extended (RFC2428) Passive Mode (|||5001|)\r\n", "- 5001 [5001]"),
        ("229 Extended (|RFC2428|) Passive Mode (|||05001|)\r\n", "- 5001 [05001]"),
        ("229 ok (!!!5001!)\r\n", "- 5001 [5001]"), ("229 ok (aaa5001a)\r\n", "- 5001 [5001]"),
        ("229 ok (:::5001:)\r\n", "- 5001 [5001]"), ("229 ok (...5001.)\r\n", "- 5001 [5001]"),
        ("229 ok |||5001|\r\n", "- 5001 [5001]"), ("229 ok =|||5001|.\r\n", "- 5001 [5001]"),
        ("229 |||5002| (|||5001|)\r\n", "- 5001 [5001]"), ("229 (|||5001|) |||5002|\r\n", "- 5001 [5001]"),
        ("229 (|1|10.2.0.2|5001|)\r\n", "10.2.0.2 5001 [10.2.0.2|5001]"),
        ("229 (||10.2.0.2|5001|)\r\n", "10.2.0.2 5001 [10.2.0.2|5001]"),
        ("229 (|||65535|)\n", "- 65535 [65535]"),
        ("229 (|||0|) (|||5001|)\r\n", "- 5001 [5001]"),
        ("229 (|||0|)\r\n", nil), ("229 (|||65536|)\r\n", nil), ("229 (|||70537|)\r\n", nil),
        ("229 (|||5001)\r\n", nil),
        ("229 (||5001|)\r\n", nil), ("229 (||||)\r\n", nil), ("229 (|||5001|\r\n", "- 5001 [5001]"),
        ("229 (10,2,0,2,19,137)\r\n", nil), ("229 ok\r\n", nil), ("229\r\n", nil), ("229 aaa5001a\r\n", nil),
        ("229 (|2|fd01::2|5001|)\r\n", nil), ("229 (|1|10.2.0|5001|)\r\n", nil), ("229 (11150011)\r\n", nil),
        ("229 (|||-5001|)\r\n", nil), ("229 (||| 5001|)\r\n", nil), ("229 (|||5001|)\0\r\n", nil),
    ]

    @Test(arguments: replies4)
    func `a reply over IPv4 announces its address or nothing`(line: String, announced: String?) {
        #expect(Self.announced(line, isIPv6: false) == announced)
    }

    static let replies6: [(line: String, announced: String?)] = [
        ("229 Entering Extended Passive Mode (|||5001|)\r\n", "- 5001 [5001]"),
        ("229 (|2|fd01::2|5001|)\r\n", "fd01::2 5001 [fd01::2|5001]"),
        ("229 (|1|10.2.0.2|5001|)\r\n", nil), ("227 (10,2,0,2,19,137)\r\n", nil),
        ("227 PASV ok (0,0,0,0,19,137)\r\n", "- 5001 [19,137]"),
        ("227 =0,0,0,0, 19, 137\r\n", "- 5001 [19, 137]"),
        ("227 (0,0,0,0,0,0)\r\n", nil), ("227 (0,0,0,1,19,137)\r\n", nil),
        (
            "228 (6,16,253,1,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,19,137)\r\n",
            "fd01::2 5001 [6,16,253,1,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,19,137]"
        ),
        ("228 (4,4,10,2,0,2,2,19,137)\r\n", nil),
    ]

    @Test(arguments: replies6)
    func `a reply over IPv6 announces its address or nothing`(line: String, announced: String?) {
        #expect(Self.announced(line, isIPv6: true) == announced)
    }

    @Test func `any delimiter that RFC 2428 allows is accepted and kept`() {
        for byte in UInt8.min...UInt8.max {
            let isAllowed = (33...126).contains(byte) && !(48...57).contains(byte)
            let parts: [[UInt8]] = [
                Array("EPRT ".utf8), [byte, 49, byte], Array("10.1.0.2".utf8), [byte], Array("5001".utf8),
                [byte, 10],
            ]
            let found = Announcement(line: Array(parts.joined()), on: address("10.1.0.2"))
            #expect((found != nil) == isAllowed, "\(byte)")
            let field = found?.field(for: Endpoint(address("10.2.0.100"), 6000))
            #expect(field == (isAllowed ? Array("10.2.0.100".utf8) + [byte] + "6000".utf8 : nil))
        }
    }

    /// A line, an endpoint, and the line that names it instead.
    static let rewritten: [(line: String, endpoint: Endpoint, result: String)] = [
        ("port  010,1,0,2,19,137 \n", Endpoint(v4(10, 2, 0, 100), 256), "port  10,2,0,100,1,0 \n"),
        ("EPRT !1!10.1.0.2!5001!\r\n", Endpoint(v4(1, 2, 3, 4), 65535), "EPRT !1!1.2.3.4!65535!\r\n"),
        ("LPRT 4,4,10,1,0,2,2,19,137\r\n", Endpoint(v4(1, 2, 3, 4), 1024), "LPRT 4,4,1,2,3,4,2,4,0\r\n"),
        (
            "227 a (10, 2, 0, 2, 19, 137) b\r\n", Endpoint(v4(203, 0, 113, 5), 5001),
            "227 a (203,0,113,5,19,137) b\r\n"
        ),
        ("227 =10,2,0,2,19,137\r\n", Endpoint(v4(203, 0, 113, 5), 5001), "227 =203,0,113,5,19,137\r\n"),
        (
            "227 a (0,0,0,0,19,137) b\r\n", Endpoint(address("fd02::102"), 6000),
            "227 a (0,0,0,0,23,112) b\r\n"
        ),
        ("228 (4,4,10,1,0,2,2,19,137)\r\n", Endpoint(v4(1, 2, 3, 4), 1024), "228 (4,4,1,2,3,4,2,4,0)\r\n"),
        ("229 a (|||5001|) b\r\n", Endpoint(v4(203, 0, 113, 5), 6000), "229 a (|||6000|) b\r\n"),
        ("229 (|1|10.2.0.2|5001|)\r\n", Endpoint(v4(203, 0, 113, 5), 6000), "229 (|1|203.0.113.5|6000|)\r\n"),
        (
            "EPRT |2|fd01::2|5001|\r\n", Endpoint(address("FD02:0:0:1:0:0:0:2"), 5001),
            "EPRT |2|fd02:0:0:1::2|5001|\r\n"
        ),
        (
            "LPRT 6,16,253,1,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,19,137\r\n", Endpoint(address("fd02::102"), 6000),
            "LPRT 6,16,253,2,0,0,0,0,0,0,0,0,0,0,0,0,1,2,2,23,112\r\n"
        ),
    ]

    @Test(arguments: rewritten)
    func `only the field changes`(line: String, endpoint: Endpoint, result: String) throws {
        let bytes = Array(line.utf8)
        let announcement = try #require(Announcement(line: bytes, on: endpoint.address))
        var changed = bytes
        changed.replaceSubrange(announcement.field, with: announcement.field(for: endpoint))
        #expect(String(decoding: changed, as: UTF8.self) == result)
    }

    @Test func `no part of a command announces more than the whole`() {
        for (line, announced) in Self.commands4 + Self.replies4 where announced != nil {
            let text = line.prefix { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
            let field = announced?.split(separator: "[").last?.dropLast() ?? ""
            for count in 0..<text.count where !text.prefix(count).contains(field) {
                let part = Self.announced(String(text.prefix(count)), isIPv6: false)
                #expect(part.map { !$0.hasSuffix("[\(field)]") } ?? true, "\(text.prefix(count))")
            }
        }
    }

    @Test func `the field of an unfinished reply starts no later than in the whole line`() throws {
        for (line, announced) in Self.replies4 + Self.replies6 where announced != nil {
            let bytes = Array(line.utf8)
            let isIPv6 =
                Self.announced(line, isIPv6: true) != nil && Self.announced(line, isIPv6: false) == nil
            let whole = try #require(
                Announcement(line: bytes, on: address(isIPv6 ? "fd01::2" : "10.1.0.2"))
            )
            for count in 0..<bytes.count - 1 {
                let start = Announcement.start(whole.kind, inPartialReply: bytes.span.extracting(0..<count))
                // Once a byte of the field has come, no byte of it may go on before the line ends.
                if count > whole.field.lowerBound {
                    #expect(start.map { $0 <= whole.field.lowerBound } ?? false, "\(line): \(count)")
                }
                // And the sender's clock keeps ticking: the code always goes on.
                #expect((start ?? 4) >= 4)
            }
        }
    }

    @Test func `the field of an unfinished command starts where it does in the whole line`() throws {
        for (line, announced) in Self.commands4 where announced != nil {
            let bytes = Array(line.utf8)
            let parsed = Command(parsing: bytes.span)
            let argument = try #require(parsed).argument
            for count in 0..<bytes.count - 1 {
                let start = Announcement.start(inPartialCommand: bytes.span.extracting(0..<count))
                #expect(start == (count > argument.lowerBound ? argument.lowerBound : nil))
            }
        }
    }
}
