// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import PinholeDaemon
import Testing

@Suite struct ConnectionRenderingTests {
    @Test func `a translated connection as JSON`() {
        let expected =
            #"{"id":7,"client":"10.1.0.2:40112","server":"10.2.0.2:21","#
            + #""translated":{"client":"10.2.0.100:40112","server":"10.2.0.2:21"},"state":"ready","#
            + #""adopted":false,"user":"anonymous","edits":3,"opened":2,"used":1,"refused":4,"age":1,"idle":0}"#
        #expect(Samples.summary().json(at: Samples.now).text == expected)
    }

    @Test func `a translated connection as text`() {
        #expect(
            Samples.summary().text(at: Samples.now)
                == "ready client=10.1.0.2:40112 server=10.2.0.2:21 translated-client=10.2.0.100:40112 "
                + "translated-server=10.2.0.2:21 adopted=no user=anonymous edits=3 opened=2 used=1 refused=4 id=7 age=1 idle=0"
        )
    }

    @Test func `a connection without NAT has no NAT fields`() {
        let summary = Samples.summary(Mapping(untranslated: Samples.mapping.original))
        #expect(!summary.text(at: Samples.now).contains("translated"))
        #expect(
            summary.json(at: Samples.now).text.contains(
                #""translated":{"client":"10.1.0.2:40112","server":"10.2.0.2:21"}"#
            )
        )
    }

    @Test(arguments: [(5, 5), (5, 0), (0, 5)] as [(UInt16, UInt16)])
    func `a conntrack zone of either direction is shown`(_ zones: (UInt16, UInt16)) {
        var mapping = Samples.mapping
        (mapping.original.zone, mapping.reply.zone) = zones
        let summary = Samples.summary(mapping)
        #expect(summary.text(at: Samples.now).contains(" zone=5 adopted=no "))
        #expect(summary.json(at: Samples.now).text.hasSuffix(#""refused":4,"zone":5,"age":1,"idle":0}"#))
    }

    @Test func `a user cannot break out of a line or a string`() {
        let summary = Samples.summary(user: "a\"b\\\n\u{1b}é")
        #expect(summary.json(at: Samples.now).text.contains(#""user":"a\"b\\x5c\\n\\x1b\\xc3\\xa9","edits""#))
        #expect(summary.text(at: Samples.now).contains(#"user="a\"b\x5c\n\x1b\xc3\xa9" edits"#))
    }

    @Test func `every state has its name`() {
        let names = ConnectionSummary.State.allCases.map {
            Samples.summary(state: $0).text(at: Samples.now).prefix { $0 != " " }
        }
        #expect(names == ["greeting", "login", "ready", "encrypted", "not-ftp"])
    }

    @Test func `an encrypted connection shows its open ports`() {
        let summary = Samples.summary(state: .encrypted, access: Samples.access)
        #expect(
            summary.json(at: Samples.now).text.hasSuffix(
                #""refused":4,"ftps":{"ports":"49000-50000","active":"behind-nat","live":2,"max":10},"age":1,"idle":0}"#
            )
        )
        #expect(
            summary.text(at: Samples.now).hasSuffix(
                " ftps-ports=49000-50000 ftps-active=behind-nat ftps-live=2 id=7 age=1 idle=0"
            )
        )
    }
}
