// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon

extension FilterChains {
    /// The chains of all tables of nftables that are not those of iptables, by family, table and name: `inet filter forward`.
    ///
    /// - Parameters:
    ///   - ruleset: The output of `nft --json list ruleset`.
    ///   - texts: The rules as nft writes them, by table and handle.
    init(nft ruleset: JSON, texts: NFTRuleTexts) {
        for object in ruleset["nftables"]?.elements ?? [] {
            if let chain = object["chain"], let name = Self.name(of: chain, "name") {
                rules[name] = rules[name] ?? []
                if let hook = chain["hook"]?.string {
                    hooks[name] = hook
                    if chain["policy"]?.string == "drop" { policies[name] = "policy drop of \(name)" }
                }
            } else if let rule = object["rule"], let chain = Self.name(of: rule, "chain") {
                let table = chain.split(separator: " ").prefix(2).joined(separator: " ")
                let text = texts.text(ofRule: rule["handle"]?.integer ?? 0, in: table) ?? "a rule"
                rules[chain, default: []] += FilterRule.all(
                    nft: rule["expr"]?.elements ?? [],
                    text: "'\(text)' in \(chain)",
                    table: table
                )
            }
        }
    }

    /// The base chains at a hook that packets of a family pass.
    func chains(at hook: String, family: String) -> [String] {
        hooks.filter { chain, place in
            place == hook && ["inet", family].contains(String(chain.prefix { $0 != " " }))
        }.keys.sorted()
    }

    private static func name(of object: JSON, _ member: String) -> String? {
        guard let family = object["family"]?.string, let table = object["table"]?.string,
            let name = object[member]?.string
        else { return nil }
        return "\(family) \(table) \(name)"
    }
}

extension FilterRule {
    /// The rules that a rule of nftables comes to: one, or one for each element of a verdict map.
    fileprivate static func all(nft statements: [JSON], text: String, table: String) -> [FilterRule] {
        var matches: [FilterMatch] = []
        for statement in statements {
            if let match = statement["match"] {
                matches.append(FilterMatch(nft: match))
            } else if let map = statement["vmap"] {
                return map["data"]?["set"]?.elements.map { element in
                    let pair = element.elements
                    guard pair.count == 2, let target = Target(nft: pair[1], table: table) else {
                        return FilterRule(text: text, matches: [.other], target: .proceed)
                    }
                    let match = FilterMatch(nft: map["key"] ?? .null, operation: "==", value: pair[0])
                    return FilterRule(text: text, matches: matches + [match], target: target)
                } ?? []
            } else if let target = Target(nft: statement, table: table) {
                return [FilterRule(text: text, matches: matches, target: target)]
            }
        }
        return []
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

extension FilterMatch {
    fileprivate init(nft match: JSON) {
        self.init(
            nft: match["left"] ?? .null,
            operation: match["op"]?.string ?? "==",
            value: match["right"] ?? .null
        )
    }

    fileprivate init(nft left: JSON, operation: String, value: JSON) {
        let values = value["set"]?.elements ?? (value.elements.isEmpty ? [value] : value.elements)
        let isNegated = operation == "!="
        if left["ct"]?["key"]?.string == "state" {
            self = .states(Set(values.compactMap(\.string)), isNegated: isNegated)
        } else if left["meta"]?["key"]?.string == "l4proto" || left["payload"]?["field"]?.string == "protocol"
        {
            self = .isTCP(values.contains { $0.string == "tcp" || $0.integer == 6 } != isNegated)
        } else if left["payload"]?["protocol"]?.string == "udp"
            || left["payload"]?["protocol"]?.string == "icmp"
        {
            self = .isTCP(false)
        } else if left["payload"]?["field"]?.string == "dport" {
            self = Self.ports(values, operation)
        } else {
            self = .other
        }
    }

    private static func ports(_ values: [JSON], _ operation: String) -> FilterMatch {
        var ranges: [ClosedRange<UInt16>] = []
        for value in values {
            let bounds = value["range"]?.elements ?? [value]
            guard let low = bounds.first?.integer.flatMap(UInt16.init(exactly:)),
                let high = bounds.last?.integer.flatMap(UInt16.init(exactly:)), low <= high
            else { return .other }
            ranges.append(low...high)
        }
        guard let first = ranges.first else { return .other }
        switch operation {
        case "==", "in": return .destinationPorts(ranges)
        case "!=": return .destinationPorts(ranges, isNegated: true)
        case ">=": return .destinationPorts([first.lowerBound...UInt16.max])
        case "<=": return .destinationPorts([0...first.upperBound])
        case ">": return .destinationPorts([0...first.upperBound], isNegated: true)
        case "<": return .destinationPorts([first.lowerBound...UInt16.max], isNegated: true)
        default: return .other
        }
    }
}
