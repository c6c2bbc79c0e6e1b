// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages
package import Netfilter

/// Reads rules back, to compare what is loaded with the configuration.
extension RuleSet {
    /// The rules that are loaded with these backends, for iptables those of each family.
    ///
    /// Rules that are incomplete are left out: `check` reports what they lack.
    ///
    /// - Throws: An error if a command that lists rules fails.
    package static func loaded(with backends: [PinholeSet.Backend]) throws(UserError) -> [RuleSet] {
        var loaded: [RuleSet] = []
        for backend in backends {
            switch backend {
            case .nft:
                let table = NFTTable(parsing: try Firewall.nftTable() ?? "")
                loaded += RuleSet(table).map { [$0] } ?? []
            case .iptables:
                let parts = try Installation.current().parts
                loaded += PinholeSet.Family.allCases.compactMap { RuleSet(parts[$0] ?? [:], $0) }
            }
        }
        return loaded
    }

    /// Whether these rules are loaded, with one backend; with iptables each of them, in its place.
    package var isLoaded: Bool {
        let backends = PinholeSet.Backend.loaded
        guard backends.count == 1, let backend = backends.first else { return false }
        switch backend {
        case .nft:
            guard let loaded = try? RuleSet.loaded(with: backends).first else { return false }
            return RuleDifference.all(between: loaded, and: self).isEmpty
        case .iptables:
            return (try? Installation.current().faults(against: Installation(self)))?.isEmpty ?? false
        }
    }

    /// The rules of one family of iptables; `nil` if a table has none, or no queue.
    init?(_ parts: [Table: TablePart], _ family: PinholeSet.Family) {
        guard let control = parts[.mangle], let controlQueue = control.queue, let data = parts[.raw],
            let dataQueue = data.queue
        else { return nil }
        let sessions = TablePart(
            jumps: [],
            rules: data.rules.filter { $0.contains(" \(family.sessionsName) ") }
        )
        let mark = control.rules.lazy.compactMap { $0.split(separator: " ").value(of: ["--mark"]) }.first
        self.init(
            ports: control.numbers(after: "--ctorigdstport"),
            queues: QueueNumbers(control: controlQueue, data: dataQueue, sessions: sessions.queue),
            asksForFTPS: sessions.queue != nil,
            sparesSynproxy: control.jumps.contains { $0.contains("--ctstatus EXPECTED") },
            bypassMark: mark.flatMap { ConnectionMark(parsing: String($0)) },
            isBypassing: control.rules.contains { $0.contains("--queue-bypass") }
        )
    }

    /// The rules of our table of nftables; `nil` if it is not there, or has no queue.
    init?(_ table: NFTTable) {
        guard let controlQueue = table.queue(at: .mangle), let dataQueue = table.queue(at: .raw) else {
            return nil
        }
        let sessionsQueue = table.sessionsQueue
        self.init(
            ports: Array(table.ports),
            queues: QueueNumbers(control: controlQueue, data: dataQueue, sessions: sessionsQueue),
            asksForFTPS: sessionsQueue != nil,
            sparesSynproxy: table.sparesSynproxy,
            bypassMark: table.mark,
            isBypassing: table.isBypassing
        )
    }
}

extension QueueNumbers {
    /// The numbers in rules, which need the third for FTPS only.
    fileprivate init(control: UInt16, data: UInt16, sessions: UInt16?) {
        self.init(control: control, data: data)
        if let sessions { self.sessions = sessions }
    }
}
