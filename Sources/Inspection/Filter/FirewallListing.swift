// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Formats
import Netfilter
import PinholeDaemon

/// Every rule of the machine, of iptables in both variants and of nftables.
struct FirewallListing: Sendable {
    /// What each program lists for a family, as `iptables-save` writes it; the one that `iptables` stands for comes first.
    private let saved: [PinholeSet.Family: [(program: String, tables: [String: FilterChains])]]
    /// The chains of nftables that iptables lists, because nft cannot list their rules in full.
    private let chainsOfIPTables: Set<String>
    /// The tables of nftables; `nil` without nft.
    let nft: FilterChains?

    /// Reads all rules of some families but those of the programs in `saved`, which are there already.
    init(saved: [PinholeSet.Family: String], _ families: [PinholeSet.Family] = PinholeSet.Family.allCases) {
        var (all, chains): ([PinholeSet.Family: [(String, [String: FilterChains])]], Set<String>) = ([:], [])
        for family in families {
            let usual = saved[family].map { [(program: family.program, text: $0)] } ?? []
            for (program, text) in usual + Firewall.saveOthers(family, than: saved[family]) {
                let names = Set(FilterHook.allCases.flatMap(\.tables))
                let tables = names.map { ($0, FilterChains(in: text, table: $0)) }
                all[family, default: []].append((program, Dictionary(uniqueKeysWithValues: tables)))
                chains.formUnion(Self.chains(in: text, family))
            }
        }
        self.saved = all
        chainsOfIPTables = chains
        let rulesets = try? Firewall.nftRuleset()
        nft = rulesets.flatMap { rulesets in
            JSON(parsing: Array(rulesets.json.utf8)).map {
                FilterChains(nft: $0, texts: NFTRuleTexts(rulesets.text))
            }
        }
    }

    /// Each table of this name with its rules, and the program that has it.
    func tables(_ name: String, of family: PinholeSet.Family) -> [(program: String, chains: FilterChains)] {
        saved[family, default: []].compactMap { program, tables in tables[name].map { (program, $0) } }
    }

    /// The chains that packets of a family enter from a hook.
    func views(of family: PinholeSet.Family, at hook: FilterHook) -> [FilterView] {
        let isUsual = [.forward, .input].contains(hook)
        var views: [FilterView] = []
        for table in hook.tables {
            for (program, chains) in tables(table, of: family) {
                views.append(
                    FilterView(
                        program: .iptables(program, table: table),
                        chains: chains,
                        chain: hook.chain,
                        hook: hook,
                        isUsual: isUsual && table == "filter" && program == family.program
                    )
                )
            }
        }
        guard let nft else { return views }
        for chain in nft.chains(at: hook.rawValue, family: family.nftFamily)
        where !chainsOfIPTables.contains(chain) {
            views.append(FilterView(program: .nft, chains: nft, chain: chain, hook: hook, isUsual: isUsual))
        }
        return views
    }

    /// The chains that iptables lists, as nftables names them (`ip filter FORWARD`); none of legacy iptables.
    private static func chains(in saved: String, _ family: PinholeSet.Family) -> [String] {
        let lines = saved.split(separator: "\n")
        guard lines.first?.contains("nf_tables") ?? false else { return [] }
        var table = Substring()
        return lines.compactMap { line in
            if line.hasPrefix("*") { table = line.dropFirst() }
            return line.hasPrefix(":")
                ? "\(family.nftFamily) \(table) \(line.dropFirst().prefix { $0 != " " })" : nil
        }
    }
}

extension PinholeSet.Family {
    /// The family of tables of nftables for one family alone.
    fileprivate var nftFamily: String {
        switch self {
        case .v4: "ip"
        case .v6: "ip6"
        }
    }
}
