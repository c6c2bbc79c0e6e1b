// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Netfilter

/// A file from which a firewall is restored at boot, and which of Pinhole's rules and sets it contains.
///
/// A firewall is saved with all rules that are loaded. `iptables-restore` rejects the whole file if one rule refers to a set
/// that does not exist: such a machine starts without any firewall.
package struct SavedFirewall: Hashable, Sendable {
    /// The program that reads the file.
    package enum Format: Hashable, Sendable {
        case iptables
        case ipset
        case nft
    }

    package let path: String
    package let format: Format
    /// Whether it has rules of ours.
    package let hasRules: Bool
    /// The names of our sets that its rules refer to.
    package let usedSets: Set<String>
    /// The names of our sets that it creates itself.
    package let madeSets: Set<String>

    /// Reads the text of a file.
    package init(_ path: String, _ format: Format, _ text: String) {
        self.path = path
        self.format = format
        var hasRules = false
        var (usedSets, madeSets): (Set<String>, Set<String>) = ([], [])
        for line in text.split(separator: "\n") {
            var words = line.split { " \t".contains($0) }
            switch format {
            case .iptables:
                // Counters, which `iptables-save -c` writes.
                if words.first?.hasPrefix("[") ?? false { words.removeFirst() }
                let pairs = zip(words, words.dropFirst())
                usedSets.formUnion(pairs.filter { $0.0 == "--match-set" }.map { String($0.1) })
                hasRules = hasRules || words.first == "-A" && words.contains(where: TablePart.isOurs)
            case .ipset: if words.first == "create", words.count > 1 { madeSets.insert(String(words[1])) }
            case .nft:
                if words.first == "add" { words.removeFirst() }
                hasRules = hasRules || words.starts(with: ["table", "inet", PinholeSet.table[...]])
            }
        }
        self.hasRules = hasRules
        self.usedSets = usedSets.intersection(Self.setNames)
        self.madeSets = madeSets.intersection(Self.setNames)
    }

    private static let setNames = Set(PinholeSet.Family.allCases.flatMap { [$0.name, $0.sessionsName] })

    /// The largest size of a file that is read, in bytes.
    private static let maximumSize = 4 << 20

    /// The places where distributions and their manuals keep saved firewalls.
    private static let places: [(String, Format)] = [
        ("/etc/iptables/rules.v4", .iptables), ("/etc/iptables/rules.v6", .iptables),
        ("/etc/iptables/rules", .iptables), ("/etc/ip6tables/rules", .iptables),
        ("/etc/iptables/iptables.rules", .iptables), ("/etc/iptables/ip6tables.rules", .iptables),
        ("/etc/iptables.rules", .iptables), ("/etc/ip6tables.rules", .iptables),
        ("/etc/iptables.conf", .iptables), ("/etc/ip6tables.conf", .iptables),
        ("/etc/iptables.up.rules", .iptables), ("/etc/ip6tables.up.rules", .iptables),
        ("/etc/network/iptables.up.rules", .iptables), ("/etc/network/ip6tables.up.rules", .iptables),
        ("/etc/network/iptables", .iptables), ("/etc/network/ip6tables", .iptables),
        ("/etc/network/iptables.rules", .iptables), ("/etc/network/ip6tables.rules", .iptables),
        ("/etc/sysconfig/iptables", .iptables), ("/etc/sysconfig/ip6tables", .iptables),
        ("/var/lib/iptables/rules-save", .iptables), ("/var/lib/ip6tables/rules-save", .iptables),
        ("/etc/iptables/ipsets", .ipset), ("/etc/ipset.conf", .ipset), ("/etc/sysconfig/ipset", .ipset),
        ("/etc/nftables.conf", .nft), ("/etc/sysconfig/nftables.conf", .nft),
        ("/etc/nftables/main.nft", .nft), ("/etc/nftables.rules", .nft), ("/etc/nftables.nft", .nft),
    ]

    /// The files that exist in these places and can be read.
    package static var all: [SavedFirewall] {
        places.compactMap { path, format in
            (try? TextFile.read(path, upTo: maximumSize)).map { SavedFirewall(path, format, $0) }
        }
    }
}

extension Sequence<SavedFirewall> {
    /// The names of our sets that have to exist before these files are restored, in order.
    package var neededSets: [String] {
        let used = reduce(into: Set<String>()) { $0.formUnion($1.usedSets) }
        return reduce(into: used) { $0.subtract($1.madeSets) }.sorted()
    }
}
