// SPDX-License-Identifier: GPL-2.0-or-later

extension FilterChains {
    /// Reads a table from the output of iptables-save.
    init(in saved: String, table: String) {
        var isInTable = false
        for line in saved.split(separator: "\n") {
            if line.hasPrefix("*") { isInTable = line.dropFirst() == table }
            let words = Self.words(of: line)
            guard isInTable, words.count > 1 else { continue }
            if words[0].hasPrefix(":") {
                let name = String(words[0].dropFirst())
                if words[1] != "-" { policies[name] = words[1] == "ACCEPT" ? nil : "policy \(words[1])" }
                rules[name] = rules[name] ?? []
            } else if words[0] == "-A" {
                rules[String(words[1]), default: []].append(
                    FilterRule(iptables: Array(words.dropFirst(2)), text: String(line.dropFirst(3)))
                )
            }
        }
    }

    /// The words of a line, of which those in quotes are one.
    private static func words(of line: Substring) -> [Substring] {
        var words: [Substring] = []
        var rest = line.drop { $0 == " " }
        while let first = rest.first {
            let word: Substring
            if first == "\"" {
                rest = rest.dropFirst()
                word = rest.prefix { $0 != "\"" }
                rest = rest.dropFirst(word.count + 1)
            } else {
                word = rest.prefix { $0 != " " }
                rest = rest.dropFirst(word.count)
            }
            words.append(word)
            rest = rest.drop { $0 == " " }
        }
        return words
    }
}

extension FilterRule {
    /// Reads the words behind the chain of a rule.
    fileprivate init(iptables words: [Substring], text: String) {
        var matches: [FilterMatch] = []
        var target = Target.proceed
        var isNegated = false
        var place = 0
        while place < words.count {
            let option = words[place]
            place += 1
            if option == "!" {
                isNegated = true
                continue
            }
            let value = place < words.count && !words[place].hasPrefix("-") ? words[place] : ""
            defer { isNegated = false }
            if !value.isEmpty { place += 1 }
            switch option {
            // A match by itself says nothing, and comments are for people.
            case "-m", "--comment": break
            case "-p": matches.append(.isTCP((value == "tcp" || value == "all") != isNegated))
            case "--dport", "--dports":
                matches.append(.destinationPorts(Self.ports(value), isNegated: isNegated))
            case "--ctstate", "--state":
                let states = value.lowercased().split(separator: ",").map(String.init)
                matches.append(.states(Set(states), isNegated: isNegated))
            case "--syn": if isNegated { matches.append(.states([])) }
            case "--tcp-flags":
                // `FIN,SYN,RST,ACK SYN` is what iptables-save makes of `--syn`.
                let flags = place < words.count ? words[place] : ""
                place += 1
                matches.append((flags == "SYN") != isNegated ? .isTCP(true) : .states([]))
            case "-j": target = Target(iptables: value)
            case "-g": target = .goTo(String(value))
            case "--notrack": target = .untrack
            // What belongs to a target.
            case "--reject-with", "--log-prefix", "--log-level", "--set-mark", "--set-xmark": break
            case "--helper", "--zone": target = .proceed
            default: matches.append(.other)
            }
        }
        self.init(text: text, matches: matches, target: target)
    }

    /// `20:21,2121`.
    private static func ports(_ list: Substring) -> [ClosedRange<UInt16>] {
        list.split(separator: ",").compactMap { part in
            let bounds = part.split(separator: ":", omittingEmptySubsequences: false)
            let low = bounds[0].isEmpty ? 0 : UInt16(bounds[0])
            let high = bounds.count < 2 ? low : bounds[1].isEmpty ? UInt16.max : UInt16(bounds[1])
            guard let low, let high, low <= high else { return nil }
            return low...high
        }
    }
}

extension FilterRule.Target {
    /// The target of `-j`; a name in capitals that is none of the kernel's verdicts does not decide, unless it is a chain.
    fileprivate init(iptables name: Substring) {
        switch name {
        case "ACCEPT": self = .accept
        case "DROP", "REJECT": self = .drop
        case "RETURN": self = .leave
        case "NOTRACK": self = .untrack
        // An unknown chain has no rules, so that a target that is none of these does not decide either.
        default: self = .jump(String(name))
        }
    }
}
