// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import Inspection

struct RelatedConnectionsTests {
    private static let accept = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"

    @Test(arguments: [
        (["-A FORWARD \(accept)"], RelatedConnections.accepted),
        (["-A FORWARD -m state --state RELATED -j ACCEPT"], .accepted),
        (["-A ufw-before-forward \(accept)"], .accepted),
        (["-A FORWARD -o docker0 \(accept)", "-A FORWARD \(accept)"], .accepted),
        (["-A FORWARD -o docker0 \(accept)"], .acceptedInPart),
        (["-A FORWARD -s 10.1.0.0/24 \(accept)"], .acceptedInPart),
        (["-A INPUT \(accept)"], .dropped),
        (["-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT"], .dropped),
        (["-A FORWARD -m conntrack --ctstate RELATED -j LOG"], .dropped),
        (["-A FORWARD"], .dropped),
        ([], .dropped),
    ])
    func `where the policy is to drop, a rule has to accept them`(
        _ rules: [String],
        _ fate: RelatedConnections
    ) {
        let saved = (["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]"] + rules + ["COMMIT"])
            .joined(separator: "\n")
        #expect(RelatedConnections(in: saved, chain: "FORWARD") == fate)
    }

    @Test func `a rule that rejects the rest is like a policy`() {
        let saved =
            "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n"
        #expect(RelatedConnections(in: saved, chain: "FORWARD") == .dropped)
    }

    @Test(arguments: [
        "", "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp -j DROP\nCOMMIT\n",
        "*mangle\n:FORWARD DROP [0:0]\nCOMMIT\n",
    ])
    func `where nothing drops the rest, they pass`(_ saved: String) {
        #expect(RelatedConnections(in: saved, chain: "FORWARD") == .passed)
    }
}
