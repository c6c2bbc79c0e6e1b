// SPDX-License-Identifier: GPL-2.0-or-later
import Messages
import Testing

@Suite struct EscapingTests {
    @Test(arguments: [
        ("PORT 10,1,0,2,19,137", "PORT 10,1,0,2,19,137"),
        ("a\r\nb\tc", #"a\r\nb\tc"#),
        (#"C:\"#, #"C:\x5c"#),
        ("\u{1b}[2J", #"\x1b[2J"#),
        ("\u{7f}~ \0", #"\x7f~ \x00"#),
        ("é", #"\xc3\xa9"#),
    ])
    func `non-printable bytes and the backslash are escaped`(_ raw: String, _ shown: String) {
        #expect(Escaping.text(of: raw.utf8) == shown)
    }

    @Test func `every byte has a distinct printable ASCII form`() {
        let shown = (0...255).map { Escaping.text(of: [UInt8($0)]) }
        #expect(Set(shown).count == 256)
        #expect(shown.allSatisfy { $0.utf8.allSatisfy { (0x20...0x7e).contains($0) } })
    }

    @Test func `a limit cuts at whole characters and whole escapes`() {
        let bytes: [UInt8] = [0x41, 0xff, 0x42]
        let shown = [0, 1, 1, 1, 1, 5, 6].map { String(#"A\xffB"#.prefix($0)) }
        for (limit, expected) in zip([0, 1, 2, 3, 4, 5, 6], shown) {
            #expect(Escaping.text(of: bytes, limit: limit) == expected)
        }
    }

    @Test func `text that is already escaped keeps its backslashes`() {
        #expect(Escaping.harmless(#"\r\x1b C:\x5c"#) == #"\r\x1b C:\x5c"#)
        #expect(Escaping.harmless("\u{1b}]0;x\u{7}\n\u{9b}") == #"\x1b]0;x\x07\n\xc2\x9b"#)
        #expect(Escaping.harmless(String(repeating: "x", count: 10), limit: 4) == "xxxx")
    }

    @Test func `lines keep their ends and lose all other control characters`() {
        for byte in UInt8.min...UInt8.max {
            let shown = Array(Escaping.harmlessLines([0x61, byte, 0x0a]))
            if (0x20...0x7e).contains(byte) || byte == 0x0a {
                #expect(shown == [0x61, byte, 0x0a])
            } else {
                #expect(shown == [0x61] + Array(Escaping.text(of: [byte]).utf8) + [0x0a])
            }
        }
    }
}
