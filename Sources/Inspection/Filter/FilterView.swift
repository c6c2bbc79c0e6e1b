// SPDX-License-Identifier: GPL-2.0-or-later

/// A chain that packets enter from a hook, and what can be reached from there.
struct FilterView: Sendable {
    /// The program that has made the rules.
    enum Program: Hashable, Sendable {
        /// `iptables`, or the name of the other variant.
        case iptables(String, table: String)
        case nft
    }

    let program: Program
    let chains: FilterChains
    /// `FORWARD` or `inet filter forward`.
    let chain: String
    let hook: FilterHook
    /// Whether most firewalls decide here, so that it is worth a line if nothing is wrong with it.
    let isUsual: Bool

    /// `iptables FORWARD`, `iptables mangle FORWARD` or `nftables inet filter forward`.
    var name: String {
        switch program {
        case .iptables(let name, "filter"): "\(name) \(chain)"
        case .iptables(let name, let table): "\(name) \(table) \(chain)"
        case .nft: "nftables \(chain)"
        }
    }

    /// Whether packets come here before conntrack knows them.
    var isBeforeConntrack: Bool {
        switch program {
        case .iptables(_, let table): table == "raw"
        case .nft: chains.bases[chain]?.isBeforeConntrack ?? false
        }
    }

    /// What becomes of a packet here; one of a data connection never comes to a chain for NAT, since its entry exists already.
    func outcome(of packet: ProbePacket) -> FilterOutcome {
        guard packet.state == .new || chains.bases[chain]?.isForNAT != true else {
            return .accepted(by: nil)
        }
        return chains.outcome(of: isBeforeConntrack ? packet.untracked : packet, from: chain)
    }

    // MARK: - Hints

    /// How to accept new connections to a port that a rule or policy drops.
    func acceptance(ofNewTo port: UInt16, droppedBy rule: String) -> String {
        guard let prefix = insertion else {
            return removal(of: rule) ?? "except port \(port) from that rule"
        }
        return switch program {
        case .iptables: "\(prefix) -p tcp --dport \(port) -m conntrack --ctstate NEW -j ACCEPT"
        case .nft: "\(prefix) tcp dport \(port)\(isBeforeConntrack ? "" : " ct state new") accept"
        }
    }

    /// How to accept data connections that a rule or policy drops.
    func acceptance(ofDataDroppedBy rule: String) -> String {
        guard !isBeforeConntrack else {
            let removal = removal(of: rule).map { "\($0), and " } ?? ""
            return "\(removal)drop after conntrack instead, behind the rule that accepts RELATED"
        }
        guard let prefix = insertion else {
            return removal(of: rule) ?? "except ct state established,related from that rule"
        }
        return switch program {
        case .iptables: "\(prefix) -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
        case .nft: "\(prefix) ct state established,related accept"
        }
    }

    /// The command that puts a rule at the head of the chain; `nil` where a rule that accepts would keep packets from ours.
    private var insertion: String? {
        switch program {
        case .nft: return "nft insert rule \(chain)"
        case .iptables(let name, let table):
            let isShared = ["raw", "mangle"].contains(table) && [.prerouting, .output].contains(hook)
            return isShared ? nil : "\(name) \(table == "filter" ? "" : "-t \(table) ")-I \(chain)"
        }
    }

    /// The command of iptables that takes a rule away, or makes a policy accept.
    private func removal(of rule: String) -> String? {
        guard case .iptables(let name, let table) = program else { return nil }
        return rule.hasPrefix("policy ")
            ? "\(name) -t \(table) -P \(chain) ACCEPT" : "\(name) -t \(table) -D \(rule)"
    }
}
