// SPDX-License-Identifier: GPL-2.0-or-later
import Netfilter

/// Our table of nftables, from `nft --stateless list table inet pinhole`.
package struct NFTTable: Hashable, Sendable {
    /// The lines of each chain: its hook, if it has one, then its rules.
    private var chains: [Substring: [Substring]] = [:]

    /// Reads each chain from its name to its closing brace.
    package init(parsing text: String) {
        var name: Substring?
        for line in text.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            if words.count == 3, words[0] == "chain" {
                name = words[1]
            } else if words == ["}"] {
                name = nil
            } else if let name {
                chains[name, default: []].append(line)
            }
        }
    }

    /// Tells whether packets at that hook are sent to our rules.
    package func leads(from hook: String, at place: Table) -> Bool {
        let lines = chains["\(place.nftName)_\(hook)", default: []]
        return lines.contains { $0.contains(" hook \(hook) ") }
            && lines.contains { $0.hasSuffix(" jump \(place.nftName)") }
    }

    /// The queue of our rules: `queue to 21`, or `queue num 21` from older versions of nft.
    package func queue(at place: Table) -> UInt16? { numbers(behind: "queue", at: place).first }

    /// The ports whose control connections are queued: `proto-dst 21`.
    package var ports: Set<UInt16> { Set(numbers(behind: "proto-dst", at: .mangle)) }

    /// The queue of SYNs of clients with an encrypted session; `nil` if they are not queued.
    var sessionsQueue: UInt16? {
        lines(at: .raw).filter { $0.contains(" @\(PinholeSet.Family.v4.sessionsName) ") }
            .flatMap { numbers(behind: "queue", in: $0) }.first
    }

    /// Whether the SYN-ACKs of data connections are queued for SYNPROXY.
    var sparesSynproxy: Bool { lines(at: .mangle).contains { $0.contains(" ct status expected ") } }

    /// Whether packets pass while no process listens: `queue flags bypass to 21`, or `queue num 21 bypass`.
    var isBypassing: Bool { lines(at: .mangle).contains { $0.split(separator: " ").contains("bypass") } }

    /// The mark of connections that are not queued: `ct mark & 0x00001000 == 0x00001000`.
    var mark: ConnectionMark? {
        for line in lines(at: .mangle) where line.contains("ct mark ") && line.hasSuffix(" return") {
            let numbers = line.split { " \t".contains($0) }.prefix { $0 != "tcp" }.compactMap { word in
                word.hasPrefix("0x") ? UInt32(word.dropFirst(2), radix: 16) : nil
            }
            if numbers.count == 2 { return ConnectionMark(value: numbers[1], mask: numbers[0]) }
        }
        return nil
    }

    /// The numbers after a word in our rules, up to the next statement.
    private func numbers(behind word: String, at place: Table) -> [UInt16] {
        lines(at: place).flatMap { numbers(behind: word, in: $0) }
    }

    private func numbers(behind word: String, in line: Substring) -> [UInt16] {
        line.split { " \t".contains($0) }.drop { $0 != word }.prefix { $0 != "counter" }.compactMap {
            UInt16($0)
        }
    }

    private func lines(at place: Table) -> [Substring] {
        ["", "_prerouting", "_output"].flatMap { chains["\(place.nftName)\($0)", default: []] }
    }
}
