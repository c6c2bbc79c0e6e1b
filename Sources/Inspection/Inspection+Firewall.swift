// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Formats
import Linux
import Netfilter
import PinholeDaemon

/// Checks of the rest of the firewall, which has to let control connections through, and data connections as RELATED.
extension Inspection {
    /// The chains of one program that packets pass at a hook.
    private struct View {
        /// `iptables FORWARD`.
        let name: String
        let chains: FilterChains
        let chain: String
        let family: PinholeSet.Family
        /// `FORWARD`.
        let hook: String
        let isNFT: Bool
    }

    mutating func inspectFirewall() {
        let rulesets = try? Firewall.nftRuleset()
        let nft = rulesets.flatMap { rulesets in
            JSON(parsing: Array(rulesets.json.utf8)).map {
                FilterChains(nft: $0, texts: NFTRuleTexts(rulesets.text))
            }
        }
        let isServedHere = ports.contains { Self.isListening(at: $0) }
        for family in PinholeSet.Family.allCases {
            let isForwarding = inspectForwarding(of: family)
            let saved = saved[family]
            inspectUntracked(of: family, saved, nft)
            let views = { (hook: String) in Self.views(of: family, hook, saved, nft) }
            if isForwarding { inspect(views("FORWARD"), isOptional: isServedHere) }
            if isServedHere || !isForwarding { inspect(views("INPUT"), isOptional: !isServedHere) }
        }
    }

    /// Reports whether the kernel forwards packets of a family.
    private mutating func inspectForwarding(of family: PinholeSet.Family) -> Bool {
        let path =
            switch family {
            case .v4: "net/ipv4/ip_forward"
            case .v6: "net/ipv6/conf/all/forwarding"
            }
        guard setting(path) == "0" else {
            findings.append(.fine("forwarding of \(family.title)"))
            return true
        }
        let name = path.split(separator: "/").joined(separator: ".")
        let hint = "sysctl \(name)=1, unless the FTP server or client is this host itself"
        findings.append(.warning("forwarding of \(family.title): off", hint: hint))
        return false
    }

    private static func views(
        of family: PinholeSet.Family,
        _ hook: String,
        _ saved: String?,
        _ nft: FilterChains?
    ) -> [View] {
        var views: [View] = []
        if let saved {
            let chains = FilterChains(in: saved, table: "filter")
            let name = "\(family.program) \(hook)"
            views.append(
                View(name: name, chains: chains, chain: hook, family: family, hook: hook, isNFT: false)
            )
        }
        for chain in nft?.chains(at: hook.lowercased(), family: family.nftFamily) ?? [] {
            guard let nft, !isOfIPTables(chain) else { continue }
            let name = "nftables \(chain)"
            views.append(View(name: name, chains: nft, chain: chain, family: family, hook: hook, isNFT: true))
        }
        return views
    }

    /// Tells whether a chain of nftables belongs to iptables-nft, whose rules nft cannot list in full.
    private static func isOfIPTables(_ chain: String) -> Bool {
        let words = chain.split(separator: " ")
        return words.count == 3 && ["ip", "ip6"].contains(words[0]) && words[1] == "filter"
            && ["INPUT", "FORWARD", "OUTPUT"].contains(words[2])
    }

    /// Checks a hook; where it is optional, FTP may go another way, and only data connections are checked that can begin.
    private mutating func inspect(_ views: [View], isOptional: Bool) {
        var isClosed = false
        for view in views {
            for port in ports.sorted() {
                let outcome = view.chains.outcome(of: .control(to: port), from: view.chain)
                guard case .dropped(let rule) = outcome else { continue }
                isClosed = true
                let subject = "\(view.name): drops new connections to port \(port) (\(rule))"
                let hint = Self.acceptance(of: view, "tcp dport \(port) ct state new")
                findings.append(isOptional ? .warning(subject, hint: hint) : .failed(subject, hint: hint))
            }
        }
        for view in views { inspectData(view, isOptional: isOptional || isClosed) }
    }

    private mutating func inspectData(_ view: View, isOptional: Bool) {
        let hint = Self.acceptance(of: view, "ct state established,related")
        var best = FilterOutcome.accepted(by: nil)
        for packet in ProbePacket.data {
            let outcome = view.chains.outcome(of: packet, from: view.chain)
            switch outcome {
            case .dropped(let rule):
                let subject =
                    "\(view.name): drops RELATED connections, such as to port \(packet.destinationPort) (\(rule))"
                findings.append(isOptional ? .warning(subject, hint: hint) : .failed(subject, hint: hint))
                return
            case .acceptedInPart: best = outcome
            case .accepted(.some): if case .accepted(nil) = best { best = outcome }
            case .accepted(nil): break
            }
        }
        switch best {
        case .accepted(.some): findings.append(.fine("\(view.name): accepts RELATED"))
        case .accepted(nil): findings.append(.fine("\(view.name): drops nothing by default"))
        case .acceptedInPart(let rule), .dropped(let rule):
            let subject = "\(view.name): accepts only some RELATED connections (\(rule))"
            findings.append(.warning(subject, hint: hint))
        }
    }

    /// The rules of this host that drop a forwarded data connection to a port: `iptables FORWARD (policy DROP)`.
    ///
    /// Addresses and interfaces are not looked at.
    package static func droppers(ofDataTo port: UInt16, isIPv6: Bool) -> [String] {
        let family: PinholeSet.Family = isIPv6 ? .v6 : .v4
        let rulesets = try? Firewall.nftRuleset()
        let nft = rulesets.flatMap { rulesets in
            JSON(parsing: Array(rulesets.json.utf8)).map {
                FilterChains(nft: $0, texts: NFTRuleTexts(rulesets.text))
            }
        }
        let packet = ProbePacket(state: .related, destinationPort: port)
        return views(of: family, "FORWARD", try? Firewall.save(family), nft).compactMap { view in
            guard case .dropped(let rule) = view.chains.outcome(of: packet, from: view.chain) else {
                return nil
            }
            return "\(view.name) (\(rule))"
        }
    }

    /// The command that accepts packets at the beginning of a chain.
    private static func acceptance(of view: View, _ match: String) -> String {
        guard !view.isNFT else { return "nft insert rule \(view.chain) \(match) accept" }
        let words = match.split(separator: " ")
        let state = "-m conntrack --ctstate \(words.last?.uppercased() ?? "")"
        let port = words.first == "tcp" ? "-p tcp --dport \(words[2]) " : ""
        return "\(view.family.program) -I \(view.hook) \(port)\(state) -j ACCEPT"
    }

    /// Conntrack never sees packets of NOTRACK, so that nothing is queued, and nothing can be RELATED to them.
    private mutating func inspectUntracked(
        of family: PinholeSet.Family,
        _ saved: String?,
        _ nft: FilterChains?
    ) {
        for port in ports.sorted() {
            let raw = saved.map { FilterChains(in: $0, table: "raw").untracking(port: port) } ?? []
            findings += raw.map { rule in
                .failed(
                    "\(family.program) raw: keeps port \(port) out of conntrack (\(rule.text))",
                    hint: "\(family.program) -t raw -D \(rule.text)"
                )
            }
            guard family == .v4 else { continue }
            findings += (nft?.untracking(port: port) ?? []).map { rule in
                .failed(
                    "nftables: keeps port \(port) out of conntrack (\(rule.text))",
                    hint: "except port \(port) from that rule"
                )
            }
        }
    }

    /// Tells whether a server listens at this port of this host, on any address but those of the loopback.
    private static func isListening(at port: UInt16) -> Bool {
        let place =
            ":" + (String(repeating: "0", count: 4) + String(port, radix: 16, uppercase: true)).suffix(4)
        return ["/proc/net/tcp", "/proc/net/tcp6"].contains { path in
            guard let table = try? TextFile.read(path) else { return false }
            return table.split(separator: "\n").contains { line in
                let words = line.split(separator: " ")
                // Local address, remote address, and TCP_LISTEN.
                return words.count > 3 && words[1].hasSuffix(place) && words[3] == "0A"
                    && !words[1].hasPrefix("0100007F:")
            }
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
