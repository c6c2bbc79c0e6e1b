// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct LongLineTests {
    /// SNAT to an address of the same size, so that nothing grows.
    private static let nat = NATCase("SNAT", "10.1.0.2", "10.2.0.2", client: "10.2.0.9").mapping
    private static let port = "PORT 10,1,0,2,19,137\r\n"
    private static let edited = "PORT 10,2,0,9,19,137\r\n"

    private static func line(_ verb: String, count: Int) -> String {
        verb + " " + String(repeating: "x", count: count - verb.utf8.count - 3) + "\r\n"
    }

    @Test(arguments: [1, 7, 1000, 9000], [4095, 4096, 4097, 8193])
    func `a line of any length passes in any segmentation, and the next one is read`(size: Int, count: Int) {
        var dialogue = Dialogue.ready(Self.nat)
        let long = Array(Self.line("SITE", count: count).utf8)
        for start in stride(from: 0, to: long.count, by: size) {
            let piece = String(decoding: long[start..<min(start + size, long.count)], as: UTF8.self)
            let isSame = dialogue.send(.client, piece) == piece
            #expect(isSame)
        }
        #expect(dialogue.send(.client, Self.port) == Self.edited)
        // Its answer is not that to the next command.
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, "500 too long\r\n200 ok\r\n227 (10,2,0,2,19,138)\r\n")
        #expect(dialogue.open == ["10.2.0.2:5002"])
    }

    @Test(arguments: [4096, 4097])
    func `a line is read up to 4096 bytes`(count: Int) {
        var dialogue = Dialogue.ready(Self.nat)
        let blanks = String(repeating: " ", count: count - Self.port.utf8.count)
        let line = "PORT " + blanks + "10,1,0,2,19,137\r\n"
        #expect(dialogue.send(.client, line).hasSuffix("19,137\r\n"))
        #expect(dialogue.open == (count == 4096 ? ["10.2.0.9:5001"] : []))
    }

    @Test func `a long line and a PORT may share a segment`() {
        var dialogue = Dialogue.ready(Self.nat)
        let long = Self.line("SITE", count: 5000)
        #expect(dialogue.send(.client, long + Self.port) == long + Self.edited)
        #expect(
            dialogue.send(.client, "NOOP\r\n" + long + Self.port + "NOOP\r\n") == "NOOP\r\n" + long
                + Self.edited + "NOOP\r\n"
        )
    }

    @Test(arguments: [true, false])
    func `a first line that is too long is no FTP command`(isWhole: Bool) {
        var dialogue = Dialogue(Self.nat)
        dialogue.send(.server, "220 ready\r\n")
        let long = Self.line("POST", count: 5000)
        let login = "USER x\r\nPASS y\r\n"
        if isWhole {
            dialogue.send(.client, long + login)
        } else {
            dialogue.send(.client, String(long.dropLast()))
            dialogue.send(.client, "\n" + login)
        }
        dialogue.send(.server, "331 x\r\n230 y\r\n")
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.refusals == [.notFTP])
        #expect(dialogue.open.isEmpty)
    }

    @Test func `a long line of the server passes like any other`() {
        var dialogue = Dialogue.ready(NATCase.all[3].mapping)
        dialogue.send(.client, "FEAT\r\n")
        let long = "211-" + String(repeating: "x", count: 10000) + "\r\n"
        #expect(dialogue.send(.server, long) == long)
        #expect(dialogue.send(.server, "211 end\r\n") == "211 end\r\n")
        dialogue.send(.client, "PASV\r\n")
        #expect(dialogue.send(.server, "227 (10,2,0,2,19,137)\r\n") == "227 (203,0,113,5,19,137)\r\n")
    }
}
