// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct ReplyTests {
    private static func parse(_ line: String) -> Reply? {
        let bytes = Array(line.utf8)
        return Reply(parsing: bytes.span)
    }

    static let accepted: [(line: String, code: UInt16, isContinued: Bool)] = [
        ("220 ready\r\n", 220, false), ("220-ready\r\n", 220, true), ("220\r\n", 220, false),
        ("220\n", 220, false),
        ("220-\r\n", 220, true), ("220\tx\r\n", 220, false), ("100 x\r\n", 100, false),
        ("699 x\r\n", 699, false),
        ("631 AAAA\r\n", 631, false), ("227 ", 227, false), ("229-", 229, true),
    ]

    @Test(arguments: accepted)
    func `a reply has three digits and a blank, a hyphen or an end`(
        line: String,
        code: UInt16,
        isContinued: Bool
    ) {
        #expect(Self.parse(line)?.code == code)
        #expect(Self.parse(line)?.isContinued == isContinued)
    }

    @Test(arguments: [
        "", "2", "22", "220", "22 ready\r\n", "2200 x\r\n", "0200 x\r\n", "020 x\r\n", "720 x\r\n",
        " 220 x\r\n",
        "220:x\r\n", "22a x\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\n", "\r\n", "220\0x\r\n", "-220 x\r\n",
    ])
    func `a line without a reply code is refused`(line: String) {
        #expect(Self.parse(line) == nil)
    }

    @Test(arguments: [
        (150, true, false), (199, true, false), (200, false, false), (227, false, false), (331, false, false),
        (425, false, true), (550, false, true), (599, false, true), (631, false, false),
    ])
    func `the first digit gives the outcome of the command`(code: Int, isPreliminary: Bool, isError: Bool) {
        let reply = Self.parse("\(code) x\r\n")
        #expect(reply?.isPreliminary == isPreliminary)
        #expect(reply?.isError == isError)
    }
}
