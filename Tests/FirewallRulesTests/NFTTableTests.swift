// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FirewallRules

struct NFTTableTests {
    @Test func `the list of rules is parsed in the format of any version of nft`() {
        for statement in ["queue to 7", "queue flags bypass to 7", "queue num 7", "queue num 7 bypass"] {
            let table = NFTTable(
                parsing: """
                    table inet pinhole {
                    \tchain control {
                    \t\tct state new,established tcp flags & (fin | syn | rst | ack) != syn counter \(statement)
                    \t}
                    \tchain control_output {
                    \t\ttype filter hook output priority mangle; policy accept;
                    \t\tmeta l4proto tcp ct original proto-dst 21 oifname != "lo" jump control
                    \t\tmeta l4proto tcp ct original proto-dst 2121 oifname != "lo" jump control
                    \t}
                    }
                    """
            )
            #expect(table.ports == [21, 2121])
            #expect(table.queue(at: .mangle) == 7)
            #expect(table.queue(at: .raw) == nil)
            #expect(table.leads(from: "output", at: .mangle))
            #expect(!table.leads(from: "prerouting", at: .mangle))
        }
    }
}
