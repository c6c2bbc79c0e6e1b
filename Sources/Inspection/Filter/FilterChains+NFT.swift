// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon

extension FilterChains {
    /// The chains of all tables of nftables, by family, table and name: `inet filter forward`.
    ///
    /// - Parameters:
    ///   - ruleset: The output of `nft --json list ruleset`.
    ///   - texts: The rules as nft writes them, by table and handle.
    init(nft ruleset: JSON, texts: NFTRuleTexts) {
        let objects = ruleset["nftables"]?.elements ?? []
        let sets = NFTSets(objects)
        for object in objects {
            if let chain = object["chain"], let name = Self.name(of: chain, "name") {
                rules[name] = rules[name] ?? []
                guard let base = Base(nft: chain) else { continue }
                bases[name] = base
                if chain["policy"]?.string == "drop" { policies[name] = "policy drop of \(name)" }
            } else if let rule = object["rule"], let chain = Self.name(of: rule, "chain") {
                let table = chain.split(separator: " ").prefix(2).joined(separator: " ")
                let text = texts.text(ofRule: rule["handle"]?.integer ?? 0, in: table) ?? "a rule"
                let statements = rule["expr"]?.elements ?? []
                rules[chain, default: []].append(
                    FilterRule(nft: statements, text: "'\(text)' in \(chain)", table: table, sets)
                )
            }
        }
    }

    /// The base chains at a hook that packets of a family pass.
    func chains(at hook: String, family: String) -> [String] {
        bases.filter { chain, base in
            base.hook == hook && ["inet", family].contains(String(chain.prefix { $0 != " " }))
        }.keys.sorted()
    }

    private static func name(of object: JSON, _ member: String) -> String? {
        guard let family = object["family"]?.string, let table = object["table"]?.string,
            let name = object[member]?.string
        else { return nil }
        return "\(family) \(table) \(name)"
    }
}

extension FilterChains.Base {
    /// `NF_IP_PRI_CONNTRACK`.
    private static let conntrackPriority = -200.0

    /// Reads a chain; `nil` for one without a hook.
    fileprivate init?(nft chain: JSON) {
        guard let hook = chain["hook"]?.string else { return nil }
        self.hook = hook
        let isEarly = (chain["prio"]?.double ?? 0) < Self.conntrackPriority
        isBeforeConntrack = isEarly && ["prerouting", "output"].contains(hook)
        isForNAT = chain["type"]?.string == "nat"
    }
}

extension FilterRule {
    fileprivate init(nft statements: [JSON], text: String, table: String, _ sets: NFTSets) {
        var matches: [FilterMatch] = []
        for statement in statements {
            if let match = statement["match"] {
                let value = sets.resolved(match["right"] ?? .null, in: table)
                let operation = match["op"]?.string ?? "=="
                matches.append(FilterMatch(nft: match["left"] ?? .null, operation: operation, value: value))
            } else if let map = statement["vmap"] {
                let elements = Self.elements(of: map, text: text, table: table, sets)
                self.init(text: text, matches: matches, target: .choose(elements))
                return
            } else if let target = Target(nft: statement, table: table) {
                self.init(text: text, matches: matches, target: target)
                return
            } else if Self.isCondition(statement) {
                matches.append(.other)
            }
        }
        self.init(text: text, matches: matches, target: .proceed)
    }

    /// The elements of a verdict map, each as a rule; the one for all other values is the last.
    private static func elements(of map: JSON, text: String, table: String, _ sets: NFTSets) -> [FilterRule] {
        var rules: [FilterRule] = []
        var rest: [FilterRule] = []
        for element in sets.resolved(map["data"] ?? .null, in: table)["set"]?.elements ?? [] {
            let pair = element.elements
            guard pair.count == 2 else { continue }
            let target = Target(nft: pair[1], table: table) ?? .proceed
            let value = NFTSets.value(of: pair[0])
            if value == .string("*") {
                rest.append(FilterRule(text: text, matches: [], target: target))
            } else {
                let matches = FilterMatch.all(nft: map["key"] ?? .null, value: value)
                rules.append(FilterRule(text: text, matches: matches, target: target))
            }
        }
        return rules + rest
    }

    /// Tells whether a rule may end at a statement that is no match: a limit, or a match of iptables.
    private static func isCondition(_ statement: JSON) -> Bool {
        switch statement.members.first?.name {
        case "limit", "quota", "ct count", "meter", "xt": true
        // An element is added, and what its set has for each, such as a limit, is asked.
        case "set": statement["set"]?["stmt"] != nil
        default: false
        }
    }
}

extension FilterRule.Target {
    /// A statement that decides; `nil` for one that does not.
    fileprivate init?(nft statement: JSON, table: String) {
        switch statement.members.first?.name {
        case "accept": self = .accept
        case "drop", "reject": self = .drop
        case "return": self = .leave
        case "jump": self = .jump("\(table) \(statement["jump"]?["target"]?.string ?? "")")
        case "goto": self = .goTo("\(table) \(statement["goto"]?["target"]?.string ?? "")")
        case "notrack": self = .untrack
        default: return nil
        }
    }
}
