// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import Inspection

struct HelperRuleTests {
    @Test(arguments: [
        ("-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp", true),
        ("-A OUTPUT -p tcp -m multiport --dports 20:25,990 -j CT --helper ftp", true),
        ("-A PREROUTING -p tcp -m multiport --dports 80,2121 -j CT --helper ftp-2121", true),
        ("-A PREROUTING -p tcp -j CT --helper ftp", true),
        ("-A PREROUTING -p tcp -m tcp --dport 8021 -j CT --helper ftp", false),
        ("-A PREROUTING -p tcp -m multiport --dports 22:2120 -j CT --helper ftp", false),
        ("-A PREROUTING -p tcp -m tcp --dport 21 -j CT --notrack", false),
        ("-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp", false),
        ("-A PREROUTING -p tcp -m helper --helper ftp -j ACCEPT", false),
        (":PREROUTING ACCEPT [0:0]", false),
        ("", false),
    ])
    func `a rule with the kernel's helper is reported if it is for a control port`(
        _ rule: String,
        _ counts: Bool
    ) {
        let found = HelperRule.all(in: "*raw\n\(rule)\nCOMMIT\n", for: [21, 2121])
        #expect(found.isEmpty != counts)
    }

    @Test func `the command that deletes the rule names its table`() {
        let saved = "*mangle\nCOMMIT\n*raw\n-A OUTPUT -p tcp --dport 21 -j CT --helper ftp\nCOMMIT\n"
        let deletions = HelperRule.all(in: saved, for: [21]).map(\.deletion)
        #expect(deletions == ["-t raw -D OUTPUT -p tcp --dport 21 -j CT --helper ftp"])
    }
}
