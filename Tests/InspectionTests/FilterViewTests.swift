// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Testing

@testable import Inspection

/// What becomes of FTP's packets at each hook, and how to let them through.
struct FilterViewTests {
    private func view(
        _ table: String,
        _ hook: FilterHook,
        _ rules: [String],
        policy: String = "ACCEPT"
    ) -> FilterView {
        let lines = ["*\(table)", ":\(hook.chain) \(policy) [0:0]"] + rules + ["COMMIT"]
        let chains = FilterChains(in: lines.joined(separator: "\n"), table: table)
        return FilterView(
            program: .iptables("iptables", table: table),
            chains: chains,
            chain: hook.chain,
            hook: hook,
            isUsual: false
        )
    }

    private func nft(_ hook: FilterHook, type: String = "filter", priority: Int, rule: String) throws
        -> FilterView
    {
        let name = #""family": "ip", "table": "t", "#
        let text = """
            {"nftables": [{"chain": {\(name)"name": "c", "handle": 1, "type": "\(type)", "hook": "\(hook.rawValue)", \
            "prio": \(priority), "policy": "accept"}}, {"rule": {\(name)"chain": "c", "handle": 2, "expr": [\(rule)]}}]}
            """
        let ruleset = try #require(JSON(parsing: Array(text.utf8)))
        let texts = NFTRuleTexts("table ip t {\n\t\tthe rule # handle 2\n")
        let chains = FilterChains(nft: ruleset, texts: texts)
        #expect(chains.chains(at: hook.rawValue, family: "ip") == ["ip t c"])
        return FilterView(program: .nft, chains: chains, chain: "ip t c", hook: hook, isUsual: false)
    }

    private static let accept = #"{"accept": null}"#
    private static let invalid =
        #"{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "invalid"}}, "#

    @Test(arguments: [
        ("raw", FilterHook.prerouting, "iptables raw PREROUTING"),
        ("mangle", .forward, "iptables mangle FORWARD"),
        ("filter", .forward, "iptables FORWARD"), ("security", .input, "iptables security INPUT"),
    ])
    func `a view is named after its table, unless that is the usual one`(
        table: String,
        hook: FilterHook,
        name: String
    ) {
        #expect(view(table, hook, []).name == name)
    }

    @Test func `before conntrack every packet is invalid`() throws {
        let accept = "-A PREROUTING -m conntrack --ctstate NEW,RELATED -j ACCEPT"
        let packets = [ProbePacket.control(to: 21), .data(to: 5001)]
        for packet in packets {
            let dropped = FilterOutcome.dropped(by: "policy DROP")
            #expect(view("raw", .prerouting, [accept], policy: "DROP").outcome(of: packet) == dropped)
            let accepted = FilterOutcome.accepted(by: String(accept.dropFirst(3)))
            #expect(view("mangle", .prerouting, [accept], policy: "DROP").outcome(of: packet) == accepted)
            let drop = Self.invalid + #"{"drop": null}"#
            let early = try nft(.prerouting, priority: -300, rule: drop)
            #expect(early.outcome(of: packet) == .dropped(by: "'the rule' in ip t c"))
            let late = try nft(.prerouting, priority: -150, rule: drop)
            #expect(late.outcome(of: packet) == .accepted(by: nil))
            // No packet passes forward before conntrack.
            let forward = try nft(.forward, priority: -300, rule: drop)
            #expect(forward.outcome(of: packet) == .accepted(by: nil))
        }
    }

    @Test func `data connections do not pass chains for NAT`() throws {
        let chain = try nft(.prerouting, type: "nat", priority: -100, rule: #"{"drop": null}"#)
        #expect(chain.outcome(of: .data(to: 5001)) == .accepted(by: nil))
        #expect(chain.outcome(of: .control(to: 21)) == .dropped(by: "'the rule' in ip t c"))
    }

    @Test(arguments: [
        (
            "filter", FilterHook.forward,
            "iptables -I FORWARD -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT"
        ),
        (
            "mangle", .forward,
            "iptables -t mangle -I FORWARD -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT"
        ),
        ("mangle", .prerouting, "iptables -t mangle -D PREROUTING -j DROP"),
        ("raw", .prerouting, "iptables -t raw -D PREROUTING -j DROP"),
    ])
    func `a hint for control connections leaves Pinhole's rules their packets`(
        table: String,
        hook: FilterHook,
        hint: String
    ) {
        #expect(view(table, hook, []).acceptance(ofNewTo: 21, droppedBy: "PREROUTING -j DROP") == hint)
    }

    @Test func `a hint names the policy, or a state where there is one`() throws {
        let policy = view("raw", .prerouting, [], policy: "DROP")
        #expect(
            policy.acceptance(ofDataDroppedBy: "policy DROP")
                == "iptables -t raw -P PREROUTING ACCEPT, and drop after conntrack instead, behind the rule that accepts RELATED"
        )
        #expect(
            policy.acceptance(ofNewTo: 21, droppedBy: "policy DROP") == "iptables -t raw -P PREROUTING ACCEPT"
        )
        let early = try nft(.prerouting, priority: -300, rule: Self.accept)
        #expect(early.acceptance(ofNewTo: 21, droppedBy: "x") == "nft insert rule ip t c tcp dport 21 accept")
        let late = try nft(.postrouting, priority: 0, rule: Self.accept)
        #expect(
            late.acceptance(ofDataDroppedBy: "x")
                == "nft insert rule ip t c ct state established,related accept"
        )
    }
}
