// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Linux
import Messages
import Netfilter

/// Checks of rules that are loaded with nftables.
extension Inspection {
    /// Checks the sets and chains of our table.
    mutating func inspectTable() {
        let table: NFTTable
        do throws(UserError) {
            table = NFTTable(parsing: try Firewall.nftTable() ?? "")
        } catch {
            findings.append(.failed(error.message, hint: error.hint))
            return
        }
        for family in PinholeSet.Family.allCases {
            let subject = "set \(family.name)"
            let isThere = Result { () throws(SystemError) in
                var sets = try PinholeSet.open(.nft)
                return try sets.exists(family)
            }
            switch isThere {
            case .success(true): findings.append(.fine(subject))
            case .success(false):
                findings.append(.failed("\(subject): missing", hint: "pinhole rules load"))
            case .failure(let error):
                let hint = "pinhole rules unload, then pinhole rules load"
                findings.append(.failed("\(subject): \(error.reason)", hint: hint))
            }
        }
        for place in Table.allCases { inspectChains(at: place, of: table) }
    }

    private mutating func inspectChains(at place: Table, of table: NFTTable) {
        let subject = "rules in nftables \(place.rawValue)"
        let hooks = ["prerouting", "output"].filter { !table.leads(from: $0, at: place) }
        guard hooks.isEmpty else {
            let list = hooks.joined(separator: ", ")
            findings.append(.failed("\(subject): no jump from \(list)", hint: "pinhole rules load"))
            return
        }
        noteQueue(table.queue(at: place), of: place, ports: table.ports, sets: "the sets", subject)
    }
}
