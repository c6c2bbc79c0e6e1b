// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Testing

@testable import Inspection

/// What becomes of FTP's packets in rules of iptables and nftables.
struct FilterChainsTests {
    private static let related = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"

    private func chains(_ rules: [String], policy: String = "DROP") -> FilterChains {
        let lines = ["*raw", ":FORWARD DROP [0:0]", "COMMIT", "*filter", ":INPUT ACCEPT [0:0]"]
        let ours = [":FORWARD \(policy) [0:0]", ":other - [0:0]"] + rules + ["COMMIT"]
        return FilterChains(in: (lines + ours).joined(separator: "\n"), table: "filter")
    }

    private func outcomes(_ chains: FilterChains, from chain: String = "FORWARD") -> Set<FilterOutcome> {
        Set(ProbePacket.data.map { chains.outcome(of: $0, from: chain) })
    }

    @Test(arguments: [
        ["-A FORWARD \(related)"],
        ["-A FORWARD -m state --state RELATED -j ACCEPT"],
        ["-A FORWARD -j other", "-A other \(related)"],
        ["-A FORWARD -g other", "-A other \(related)"],
        ["-A FORWARD -p tcp -j other", "-A other -j RETURN", "-A FORWARD \(related)"],
        ["-A FORWARD -m conntrack --ctstate INVALID -j DROP", "-A FORWARD \(related)"],
        ["-A FORWARD -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP", "-A FORWARD \(related)"],
        ["-A FORWARD -s 10.9.9.9/32 -j DROP", "-A FORWARD \(related)"],
        ["-A FORWARD -p udp -j DROP", "-A FORWARD \(related)"],
        ["-A FORWARD -p tcp -m multiport ! --dports 1024:65535 -j DROP", "-A FORWARD \(related)"],
        [
            "-A FORWARD -m comment --comment \"a -j DROP\" -j LOG --log-prefix \"x y\"",
            "-A FORWARD \(related)",
        ],
        ["-A FORWARD -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP", "-A FORWARD \(related)"],
        ["-A FORWARD -o docker0 -j other", "-A other -j DROP", "-A FORWARD \(related)"],
    ])
    func `a rule that accepts RELATED is found after any other rules`(_ rules: [String]) {
        for case .accepted(.some) in outcomes(chains(rules)) { return }
        Issue.record("\(outcomes(chains(rules)))")
    }

    @Test(arguments: [
        ([], "policy DROP"),
        (["-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT"], "policy DROP"),
        (["-A FORWARD -m conntrack --ctstate RELATED -j LOG"], "policy DROP"),
        (["-A FORWARD -j other", "-A INPUT \(related)"], "policy DROP"),
        (["-A FORWARD -j FORWARD"], "policy DROP"),
        (
            ["-A FORWARD -p tcp -m tcp --dport 1024:65535 -j DROP", "-A FORWARD \(related)"],
            "FORWARD -p tcp -m tcp --dport 1024:65535 -j DROP"
        ),
        (
            ["-A FORWARD -m tcp -p tcp --tcp-flags FIN,SYN,RST,ACK SYN -j other", "-A other -j REJECT"],
            "other -j REJECT"
        ),
    ])
    func `the rule or policy that drops data connections is named`(_ rules: [String], _ rule: String) {
        #expect(outcomes(chains(rules)) == [.dropped(by: rule)])
    }

    @Test func `a rule that drops some of the ports is named with these ports`() {
        let rule = "-A FORWARD -p tcp -m tcp --dport 20000:30000 -j DROP"
        let found = outcomes(chains([rule, "-A FORWARD \(Self.related)"]))
        #expect(found.contains(.dropped(by: String(rule.dropFirst(3)))) && found.count == 2)
    }

    @Test(arguments: ["-o docker0", "-s 10.1.0.0/24", "! -i eth0", "-m mark --mark 0x1"])
    func `a rule for some interfaces or addresses accepts in part`(_ place: String) {
        let found = outcomes(chains(["-A FORWARD \(place) \(Self.related)"]))
        #expect(found == [.acceptedInPart(droppedBy: "policy DROP")])
    }

    @Test func `without a rule that drops, the policy accepts`() {
        #expect(
            outcomes(chains(["-A FORWARD -s 10.9.9.9/32 -j DROP"], policy: "ACCEPT")) == [.accepted(by: nil)]
        )
    }

    @Test(arguments: [
        ("-A FORWARD -p tcp -m tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT", true),
        ("-A FORWARD -p tcp -m multiport --dports 20:22,80 -j ACCEPT", true),
        ("-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT", false),
        ("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", false),
    ])
    func `a control connection needs a rule for new connections`(_ rule: String, _ isAccepted: Bool) {
        let outcome = chains([rule]).outcome(of: .control(to: 21), from: "FORWARD")
        #expect(
            outcome == (isAccepted ? .accepted(by: String(rule.dropFirst(3))) : .dropped(by: "policy DROP"))
        )
    }

    @Test(arguments: [
        ("-A PREROUTING -p tcp -m tcp --dport 21 -j CT --notrack", true),
        ("-A PREROUTING -p tcp -m multiport --dports 20:22 -j NOTRACK", true),
        ("-A PREROUTING -i eth0 -j CT --notrack", true),
        ("-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack", false),
        ("-A PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack", false),
        ("-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp", false),
    ])
    func `a rule that keeps the port out of conntrack is found`(_ rule: String, _ isFound: Bool) {
        let saved = "*raw\n:PREROUTING ACCEPT [0:0]\n\(rule)\nCOMMIT\n"
        let found = FilterChains(in: saved, table: "raw").untracking(port: 21).map(\.text)
        #expect(found == (isFound ? [String(rule.dropFirst(3))] : []))
    }

    // MARK: nftables

    /// The chains of a table `inet filter` with `forward` and `other`, of which each rule is given as nft's JSON and as text.
    private func nft(_ rules: [(chain: String, expression: String)], policy: String = "drop") throws
        -> FilterChains
    {
        var objects = [
            #"{"chain":{"family":"inet","table":"filter","name":"forward","handle":1,"type":"filter","#
                + #""hook":"forward","prio":-5,"policy":"\#(policy)"}}"#,
            #"{"chain":{"family":"inet","table":"filter","name":"other","handle":2}}"#,
        ]
        var listing = "table inet filter { # handle 1\n\tchain forward { # handle 1\n"
        for (number, rule) in rules.enumerated() {
            let handle = number + 10
            objects.append(
                #"{"rule":{"family":"inet","table":"filter","chain":"\#(rule.chain)","handle":\#(handle),"#
                    + #""expr":\#(rule.expression)}}"#
            )
            listing += "\t\trule \(number) # handle \(handle)\n"
        }
        let ruleset = try #require(
            JSON(parsing: Array(#"{"nftables":[{"metainfo":{}},\#(objects.joined(separator: ","))]}"#.utf8))
        )
        return FilterChains(nft: ruleset, texts: NFTRuleTexts(listing))
    }

    private static let state = #"{"left":{"ct":{"key":"state"}},"#
    private static let port = #"{"left":{"payload":{"protocol":"tcp","field":"dport"}},"#

    @Test(arguments: [
        #"[{"match":\#(state)"op":"in","right":["established","related"]}},{"counter":null},{"accept":null}]"#,
        #"[{"match":\#(state)"op":"==","right":{"set":["established","related"]}}},{"accept":null}]"#,
        #"[{"vmap":{"key":{"ct":{"key":"state"}},"data":{"set":[["invalid",{"drop":null}],["related",{"accept":null}]]}}}]"#,
        #"[{"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":"tcp"}},{"accept":null}]"#,
    ])
    func `a rule of nftables that accepts RELATED is found`(_ rule: String) throws {
        let chains = try nft([("forward", rule)])
        #expect(chains.chains(at: "forward", family: "ip") == ["inet filter forward"])
        #expect(
            outcomes(chains, from: "inet filter forward") == [
                .accepted(by: "'rule 0' in inet filter forward")
            ]
        )
    }

    @Test func `a chain of nftables is followed, and its policy named`() throws {
        let jump = ("forward", #"[{"jump":{"target":"other"}}]"#)
        let established = (
            "other", #"[{"match":\#(Self.state)"op":"in","right":"established"}},{"accept":null}]"#
        )
        #expect(
            outcomes(try nft([jump, established]), from: "inet filter forward")
                == [.dropped(by: "policy drop of inet filter forward")]
        )
        let drop = ("other", #"[{"reject":{"type":"tcp reset"}}]"#)
        #expect(
            outcomes(try nft([jump, drop]), from: "inet filter forward")
                == [.dropped(by: "'rule 1' in inet filter other")]
        )
        #expect(
            outcomes(try nft([jump], policy: "accept"), from: "inet filter forward") == [.accepted(by: nil)]
        )
    }

    @Test(arguments: [
        (#""op":"==","right":{"range":[1024,65535]}}"#, true), (#""op":">=","right":1024}"#, true),
        (#""op":"!=","right":21}"#, true), (#""op":">","right":1023}"#, true),
        (#""op":"<","right":1024}"#, false), (#""op":"<=","right":1023}"#, false),
        (#""op":"==","right":{"set":[80,{"range":[20,22]}]}}"#, false),
        (#""op":"==","right":"@some"}"#, false),
    ])
    func `ports of nftables are compared`(_ match: String, _ isDropped: Bool) throws {
        let rule = #"[{"match":\#(Self.port)\#(match)},{"drop":null}]"#
        let found = outcomes(try nft([("forward", rule)], policy: "accept"), from: "inet filter forward")
        #expect(found == [isDropped ? .dropped(by: "'rule 0' in inet filter forward") : .accepted(by: nil)])
    }

    @Test func `a rule of nftables that keeps the port out of conntrack is found`() throws {
        let rule = #"[{"match":\#(Self.port)"op":"==","right":21}},{"notrack":null}]"#
        let chains = try nft([("forward", rule)])
        #expect(chains.untracking(port: 21).map(\.text) == ["'rule 0' in inet filter forward"])
        #expect(chains.untracking(port: 22).isEmpty)
    }
}
