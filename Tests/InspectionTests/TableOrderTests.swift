// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Testing

@testable import Inspection

struct TableOrderTests {
    @Test(arguments: [
        ("PREROUTING -m mark ! --mark 0x0 -j ACCEPT", true, true),
        ("OUTPUT -p tcp -m connmark --mark 0x2 -j RETURN", true, true),
        ("PREROUTING -p tcp -m tcp --dport 2121 -j ACCEPT", true, true),
        ("PREROUTING -j CONNMARK --restore-mark", false, true),
        ("PREROUTING -i customer -j CT --zone 5", false, true),
        ("PREROUTING -p tcp -m tcp --dport 22 -j ACCEPT", false, false),
        ("PREROUTING -p udp -j ACCEPT", false, false),
        ("PREROUTING -i lo -j ACCEPT", false, false),
        ("PINHOLE -m mark ! --mark 0x0 -j ACCEPT", false, false),
        ("POSTROUTING -j ACCEPT", false, false),
    ])
    func `a rule is named that lets packets of FTP by, or that queued ones do not come to`(
        _ rule: String,
        _ isEarly: Bool,
        _ isLate: Bool
    ) {
        let jumps = "-A PREROUTING -p tcp -j PINHOLE\n-A OUTPUT -p tcp -j PINHOLE"
        let before = "*raw\n-A \(rule)\n-A \(rule)\nCOMMIT\n*mangle\n-A \(rule)\n\(jumps)\nCOMMIT\n"
        let early = TableOrder(in: before, .mangle, ports: [21, 2121])
        #expect(early.early == (isEarly ? [rule] : []))
        #expect(early.late == [])
        let late = TableOrder(in: "*mangle\n\(jumps)\n-A \(rule)\nCOMMIT\n", .mangle, ports: [21, 2121])
        #expect(late.early == [])
        #expect(late.late == (isLate ? [rule] : []))
    }

    @Test func `in raw no rule for one port is of any concern`() {
        let rule = "PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp"
        let zone = "PREROUTING -j CT --zone 5"
        let saved = "*raw\n-A PREROUTING -p tcp -j PINHOLE\n-A \(rule)\n-A \(zone)\nCOMMIT\n"
        #expect(TableOrder(in: saved, .raw, ports: [21]).late == [zone])
    }
}
