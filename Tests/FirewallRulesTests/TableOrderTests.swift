// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FirewallRules

struct TableOrderTests {
    @Test(arguments: [
        ("PREROUTING -m mark ! --mark 0x0 -j ACCEPT", true, false),
        ("OUTPUT -p tcp -m connmark --mark 0x2 -j RETURN", true, false),
        ("PREROUTING -p tcp -m tcp --dport 2121 -j ACCEPT", true, false),
        ("PREROUTING -j CONNMARK --restore-mark", false, true),
        ("PREROUTING -i customer -j CT --zone 5", false, true),
        ("PREROUTING -p tcp -m tcp --dport 22 -j ACCEPT", false, false),
        ("PREROUTING -p udp -j ACCEPT", false, false),
        ("PREROUTING -i lo -j ACCEPT", false, false),
        ("PINHOLE -m mark ! --mark 0x0 -j ACCEPT", false, false),
        ("POSTROUTING -j ACCEPT", false, false),
    ])
    func `a rule that bypasses the queue, or is bypassed by queued packets, is named`(
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

    @Test func `in raw a rule for a single port is not reported`() {
        let rule = "PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp"
        let zone = "PREROUTING -j CT --zone 5"
        let saved = "*raw\n-A PREROUTING -p tcp -j PINHOLE\n-A \(rule)\n-A \(zone)\nCOMMIT\n"
        #expect(TableOrder(in: saved, .raw, ports: [21]).late == [zone])
    }

    @Test func `the jumps belong before the first rule that accepts FTP packets, or at the end`() {
        let saved = """
            *mangle
            -A PREROUTING -j CONNMARK --restore-mark
            -A PREROUTING -p udp -j ACCEPT
            -A PREROUTING -j PINHOLE
            -A PREROUTING -m mark ! --mark 0x0 -j ACCEPT
            -A PREROUTING -p tcp -j PINHOLE
            -A PREROUTING -j MARK --set-mark 1
            -A OUTPUT -j PINHOLE
            -A OUTPUT -j MARK --set-mark 1
            COMMIT
            """
        let order = TableOrder(in: saved, .mangle, ports: [21])
        #expect(order.places == ["PREROUTING": 3])
        #expect(order.early == ["PREROUTING -m mark ! --mark 0x0 -j ACCEPT"])
        #expect(order.late == ["OUTPUT -j MARK --set-mark 1"])
    }
}
