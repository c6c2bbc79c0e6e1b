// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Testing

@testable import Inspection

/// What becomes of FTP's packets in sets and verdict maps of nftables, as `nft --json list ruleset` has them.
struct VerdictMapTests {
    /// The sets, maps and chains of a table, to which each test adds a rule of the chain `early`.
    private static let objects = """
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {"map": {"family": "inet", "name": "ports", "table": "filter", "type": "inet_service", "handle": 3, \
        "map": "verdict", "elem": [[21, {"drop": null}], [80, {"accept": null}]]}},
        {"map": {"family": "inet", "name": "ranges", "table": "filter", "type": "inet_service", "handle": 4, \
        "map": "verdict", "flags": ["interval"], "elem": [[22, {"continue": null}], \
        [{"range": [1024, 65535]}, {"jump": {"target": "high"}}]]}},
        {"map": {"family": "inet", "name": "pairs", "table": "filter", "type": ["inet_proto", "inet_service"], \
        "handle": 5, "map": "verdict", "elem": [[{"concat": ["tcp", 21]}, {"goto": {"target": "high"}}]]}},
        {"map": {"family": "inet", "name": "rest", "table": "filter", "type": "inet_service", "handle": 6, \
        "map": "verdict", "elem": [["*", {"drop": null}], [21, {"continue": null}], [1024, {"return": null}]]}},
        {"map": {"family": "inet", "name": "devices", "table": "filter", "type": "ifname", "handle": 7, \
        "map": "verdict", "elem": [["eth0", {"drop": null}]]}},
        {"set": {"family": "inet", "name": "blocked", "table": "filter", "type": "inet_service", "handle": 8, \
        "flags": ["interval"], "elem": [21, {"range": [1024, 65535]}]}},
        {"set": {"family": "inet", "name": "timed", "table": "filter", "type": "inet_service", "handle": 9, \
        "flags": ["timeout"], "elem": [{"elem": {"val": 21, "timeout": 3600, "expires": 3599, "comment": "x"}}]}},
        {"set": {"family": "inet", "name": "empty", "table": "filter", "type": "inet_service", "handle": 10}},
        {"chain": {"family": "inet", "table": "filter", "name": "high", "handle": 11}},
        {"chain": {"family": "inet", "table": "filter", "name": "early", "handle": 12, "type": "filter", \
        "hook": "prerouting", "prio": -300, "policy": "accept"}},
        {"rule": {"family": "inet", "table": "filter", "chain": "high", "handle": 13, "expr": [{"drop": null}]}},
        """

    private static let port = #"{"payload": {"protocol": "tcp", "field": "dport"}}"#

    private func outcome(of packet: ProbePacket, _ expression: String) throws -> FilterOutcome {
        let rule =
            #"{"rule": {"family": "inet", "table": "filter", "chain": "early", "handle": 20, "expr": [\#(expression)]}}"#
        let text = #"{"nftables": [\#(Self.objects)\#(rule)]}"#
        let ruleset = try #require(JSON(parsing: Array(text.utf8)))
        let listing = """
            table inet filter { # handle 1
            \tchain high { # handle 11
            \t\tdrop # handle 13
            \tchain early { # handle 12
            \t\tthe rule # handle 20
            """
        let chains = FilterChains(nft: ruleset, texts: NFTRuleTexts(listing))
        return chains.outcome(of: packet, from: "inet filter early")
    }

    private func map(_ name: String, key: String = port) -> String {
        #"{"vmap": {"key": \#(key), "data": "@\#(name)"}}"#
    }

    @Test func `the element of a named map that drops is found`() throws {
        let dropped = FilterOutcome.dropped(by: "'the rule' in inet filter early")
        try #require(outcome(of: .control(to: 21), map("ports")) == dropped)
        try #require(
            outcome(of: .control(to: 80), map("ports")) == .accepted(by: "'the rule' in inet filter early")
        )
        try #require(outcome(of: .control(to: 22), map("ports")) == .accepted(by: nil))
    }

    @Test func `jumps from elements are followed, for single ports, ranges and concatenations`() throws {
        let dropped = FilterOutcome.dropped(by: "'drop' in inet filter high")
        try #require(outcome(of: .data(to: 30000), map("ranges")) == dropped)
        try #require(outcome(of: .control(to: 22), map("ranges")) == .accepted(by: nil))
        let pair =
            #"{"concat": [{"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}]}"#
        try #require(outcome(of: .control(to: 21), map("pairs", key: pair)) == dropped)
        try #require(outcome(of: .control(to: 22), map("pairs", key: pair)) == .accepted(by: nil))
        let anonymous =
            #"{"vmap": {"key": \#(Self.port), "data": {"set": [[21, {"jump": {"target": "high"}}]]}}}"#
        try #require(outcome(of: .control(to: 21), anonymous) == dropped)
    }

    @Test func `the element for the rest counts only for values without one of their own`() throws {
        let dropped = FilterOutcome.dropped(by: "'the rule' in inet filter early")
        try #require(outcome(of: .control(to: 23), map("rest")) == dropped)
        try #require(outcome(of: .control(to: 21), map("rest")) == .accepted(by: nil))
        try #require(outcome(of: .data(to: 1024), map("rest")) == .accepted(by: nil))
    }

    @Test func `a map of interfaces drops nothing for certain`() throws {
        let key = #"{"meta": {"key": "iifname"}}"#
        try #require(outcome(of: .control(to: 21), map("devices", key: key)) == .accepted(by: nil))
    }

    @Test(arguments: [("blocked", true), ("timed", true), ("empty", false), ("unknown", false)])
    func `ports of a named set are compared`(name: String, isDropped: Bool) throws {
        let rule = #"{"match": {"op": "==", "left": \#(Self.port), "right": "@\#(name)"}}, {"drop": null}"#
        let dropped = FilterOutcome.dropped(by: "'the rule' in inet filter early")
        try #require(outcome(of: .control(to: 21), rule) == (isDropped ? dropped : .accepted(by: nil)))
    }

    @Test(arguments: [
        #"{"limit": {"rate": 10, "burst": 5, "per": "minute", "inv": true}}"#,
        #"{"ct count": {"val": 3, "inv": true}}"#,
        #"{"quota": {"val": 1, "val_unit": "mbytes", "inv": true}}"#,
        #"{"set": {"op": "add", "elem": {"payload": {}}, "set": "@seen", "stmt": [{"limit": {"rate": 1}}]}}"#,
        #"{"xt": {"type": "match", "name": "recent"}}"#,
    ])
    func `a rule that drops above a limit drops nothing for certain`(condition: String) throws {
        let rule =
            #"{"match": {"op": "==", "left": \#(Self.port), "right": 21}}, \#(condition), {"drop": null}"#
        try #require(outcome(of: .control(to: 21), rule) == .accepted(by: nil))
    }
}
