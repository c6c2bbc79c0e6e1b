// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct CommandTests {
    private static func parse(_ line: [UInt8]) -> (verb: Verb, argument: String)? {
        guard let command = Command(parsing: line.span) else { return nil }
        return (command.verb, String(decoding: line[command.argument], as: UTF8.self))
    }

    static let accepted: [(line: String, verb: Verb, argument: String)] = [
        ("PORT 10,1,0,2,19,137\r\n", .port, "10,1,0,2,19,137"),
        ("port 10,1,0,2,19,137\r\n", .port, "10,1,0,2,19,137"),
        ("PoRt 10,1,0,2,19,137\n", .port, "10,1,0,2,19,137"),
        ("PORT  10,1,0,2,19,137\r\n", .port, "10,1,0,2,19,137"),
        ("PORT\t \t10,1,0,2,19,137 \t\r\n", .port, "10,1,0,2,19,137"),
        ("PORT\r\n", .port, ""), ("PORT \r\n", .port, ""), ("PASV\n", .pasv, ""),
        ("PASV \t \r\r\n", .pasv, ""),
        ("EPRT |1|10.1.0.2|5001|\r\n", .eprt, "|1|10.1.0.2|5001|"),
        ("LPRT 4,4,10,1,0,2,2,19,137\r\n", .lprt, "4,4,10,1,0,2,2,19,137"),
        ("EPSV ALL\r\n", .other, "ALL"), ("epsv all \r\n", .other, "all"), ("EPSV ALLO\r\n", .epsv, "ALLO"),
        ("LPSV\r\n", .lpsv, ""),
        ("USER a b\r\n", .user, "a b"), ("PASS  \r\n", .pass, ""), ("ACCT x\r\n", .acct, "x"),
        ("REIN\r\n", .rein, ""), ("AUTH TLS\r\n", .auth, "TLS"), ("ABOR\r\n", .abor, ""),
        ("NOOP\r\n", .other, ""), ("XSHA256 f\r\n", .other, "f"), ("MD5 f\r\n", .other, "f"),
        ("STOR a\rb\r\n", .stor, "a\rb"),
    ]

    @Test(arguments: accepted)
    func `a command is read in any case and with any number of blanks`(
        line: String,
        verb: Verb,
        argument: String
    ) {
        let command = Self.parse(Array(line.utf8))
        #expect(command?.verb == verb)
        #expect(command?.argument == argument)
    }

    static let interrupts: [[UInt8]] = [
        [0xff, 0xf4], [0xff, 0xf4, 0xff, 0xf2], [0xff, 0xfb, 0x01], [0xff, 0xfe, 0x06, 0xff, 0xf4],
        [0xff, 0xff], [0xff, 0xfd, 0x0a],
    ]

    @Test(arguments: interrupts)
    func `Telnet commands before the verb are skipped`(telnet: [UInt8]) {
        #expect(Self.parse(telnet + "ABOR\r\n".utf8)?.verb == .abor)
        #expect(Self.parse(telnet + "PORT 1,2\r\n".utf8)?.argument == "1,2")
    }

    @Test(arguments: [
        "", "\r\n", "\n", " \r\n", " PORT 1\r\n", "PORTABLE 1\r\n", "PORTS 1\r\n", "POR 1\r\n", "PORT(1)\r\n",
        "PORT,1\r\n", "PORT\u{b}1\r\n", "PORT\0 1\r\n", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n",
        "Host: x\r\n", "220 ready\r\n", "EHLO x\r\n", "\u{1}PORT 1\r\n", "PORTPORTPORTPORT 1\r\n",
        "XSHA2567 f\r\n", "P\u{2116}RT 1\r\n", "1\r\n",
    ])
    func `a line that is no FTP command is refused`(line: String) {
        #expect(Self.parse(Array(line.utf8)) == nil)
    }

    @Test(arguments: [[0xff] as [UInt8], [0xff, 0xfb], [0xff, 0xf4], [0xff, 0xfb, 1, 0xff], [0xff, 0x0a]])
    func `a line of nothing but Telnet commands is no FTP command`(line: [UInt8]) {
        #expect(Self.parse(line) == nil)
    }

    /// The part of a line that has come, and where its argument starts; `nil` while that is unknown.
    static let partial: [(line: String, start: Int?)] = [
        ("", nil), ("P", nil), ("PORT", nil), ("PORT ", nil), ("PORT \t ", nil), ("PORT 1", 5),
        ("PORT  10,", 6),
        ("PORTA", nil), ("PORTABLE 1", nil), ("port 1", 5), ("EPRT |", 5), ("LPRT 6", 5),
        ("\u{b}PORT 1", nil),
        // Not of a line that can announce nothing.
        ("RETR 1", nil), ("PASV x", nil), ("XPORT 1", nil),
    ]

    @Test(arguments: partial)
    func `the argument of an unfinished line is found as soon as it starts`(line: String, start: Int?) {
        let bytes = Array(line.utf8)
        #expect(Announcement.start(inPartialCommand: bytes.span) == start)
    }

    @Test func `Telnet commands do not hide an argument that has started`() {
        for telnet in Self.interrupts {
            for count in 1...telnet.count {
                let bytes = Array(telnet[..<count])
                #expect(Announcement.start(inPartialCommand: bytes.span) == nil)
            }
            let bytes = telnet + "PORT 1".utf8
            #expect(Announcement.start(inPartialCommand: bytes.span) == telnet.count + 5)
        }
    }

    @Test func `an argument that is too long for an address is not waited for`() {
        let fits = Array("PORT ".utf8) + [UInt8](repeating: UInt8(ascii: "0"), count: 256)
        #expect(Announcement.start(inPartialCommand: fits.span) == 5)
        let tooLong = fits + [UInt8(ascii: "0")]
        #expect(Announcement.start(inPartialCommand: tooLong.span) == nil)
    }
}
