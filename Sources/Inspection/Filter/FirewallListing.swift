// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Formats
import Netfilter
import PinholeDaemon

/// Every rule of the machine, of iptables in both variants and of nftables.
struct FirewallListing: Sendable {
    /// What each program lists for a family, as `iptables-save` writes it; the one that `iptables` stands for comes first.
    private let saved: [PinholeSet.Family: [(program: String, text: String)]]
    /// The tables of nftables; `nil` without nft.
    let nft: FilterChains?

    /// Reads all rules but those of the programs in `saved`, which are there already.
    init(saved: [PinholeSet.Family: String]) {
        var all: [PinholeSet.Family: [(program: String, text: String)]] = [:]
        for family in PinholeSet.Family.allCases {
            if let text = saved[family] { all[family] = [(family.program, text)] }
            all[family, default: []] += Firewall.saveOthers(family, than: saved[family])
        }
        self.saved = all
        let rulesets = try? Firewall.nftRuleset()
        nft = rulesets.flatMap { rulesets in
            JSON(parsing: Array(rulesets.json.utf8)).map {
                FilterChains(nft: $0, texts: NFTRuleTexts(rulesets.text))
            }
        }
    }

    /// Each table of this name with its rules, and the program that has it.
    func tables(_ name: String, of family: PinholeSet.Family) -> [(program: String, chains: FilterChains)] {
        saved[family, default: []].map { ($0.program, FilterChains(in: $0.text, table: name)) }
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
        where !isListedByIPTables(chain, family) {
            views.append(FilterView(program: .nft, chains: nft, chain: chain, hook: hook, isUsual: isUsual))
        }
        return views
    }

    /// Tells whether a chain of nftables belongs to iptables-nft and is listed there: nft cannot list those rules in full.
    private func isListedByIPTables(_ chain: String, _ family: PinholeSet.Family) -> Bool {
        let words = chain.split(separator: " ")
        guard words.count == 3, words[0] == family.nftFamily else { return false }
        return saved[family, default: []].contains { $0.text.contains("*\(words[1])\n:") }
            && words[2] == words[2].uppercased()
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
