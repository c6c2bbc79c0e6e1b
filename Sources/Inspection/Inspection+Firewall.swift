// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Formats
import Linux
import Netfilter
import PinholeDaemon

/// Checks of the rest of the firewall, which has to let control connections through, and data connections as RELATED.
extension Inspection {
    mutating func inspectFirewall() {
        let firewall = FirewallListing(saved: saved)
        let isServedHere = ports.contains { Self.isListening(at: $0) }
        for family in PinholeSet.Family.allCases {
            let isForwarding = inspectForwarding(of: family)
            let isLocal = isServedHere || !isForwarding
            inspectUntracked(of: family, firewall)
            let views = { firewall.views(of: family, at: $0) }
            let isClosed = inspectControl(views(.prerouting), isOptional: false)
            inspectData(views(.prerouting), isOptional: isClosed)
            if isForwarding {
                let way = views(.forward) + views(.postrouting)
                let isClosed = inspectControl(way, isOptional: isServedHere) || isClosed
                inspectData(way, isOptional: isServedHere || isClosed)
            }
            if isLocal {
                let isClosed = inspectControl(views(.input), isOptional: !isServedHere) || isClosed
                inspectData(views(.input), isOptional: !isServedHere || isClosed)
                // Only in active mode.
                inspectData(views(.output), isOptional: true)
            }
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

    /// Checks whether control connections can begin; where that is optional, FTP may go another way.
    private mutating func inspectControl(_ views: [FilterView], isOptional: Bool) -> Bool {
        var isClosed = false
        for view in views {
            for port in ports.sorted() {
                guard case .dropped(let rule) = view.outcome(of: .control(to: port)) else { continue }
                isClosed = true
                let subject = "\(view.name): drops new connections to port \(port) (\(rule))"
                let hint = view.acceptance(ofNewTo: port, droppedBy: rule)
                findings.append(isOptional ? .warning(subject, hint: hint) : .failed(subject, hint: hint))
            }
        }
        return isClosed
    }

    private mutating func inspectData(_ views: [FilterView], isOptional: Bool) {
        for view in views { inspectData(view, isOptional: isOptional) }
    }

    private mutating func inspectData(_ view: FilterView, isOptional: Bool) {
        let kind = view.isBeforeConntrack ? "data" : "RELATED"
        var best = FilterOutcome.accepted(by: nil)
        for packet in ProbePacket.data {
            let outcome = view.outcome(of: packet)
            switch outcome {
            case .dropped(let rule):
                let place = "such as to port \(packet.destinationPort)"
                let subject = "\(view.name): drops \(kind) connections, \(place) (\(rule))"
                let hint = view.acceptance(ofDataDroppedBy: rule)
                findings.append(isOptional ? .warning(subject, hint: hint) : .failed(subject, hint: hint))
                return
            case .acceptedInPart: best = outcome
            case .accepted(.some): if case .accepted(nil) = best { best = outcome }
            case .accepted(nil): break
            }
        }
        switch best {
        case .accepted(let rule):
            guard view.isUsual else { return }
            let what = rule == nil ? "drops nothing by default" : "accepts RELATED"
            findings.append(.fine("\(view.name): \(what)"))
        case .acceptedInPart(let rule), .dropped(let rule):
            let subject = "\(view.name): accepts only some \(kind) connections (\(rule))"
            findings.append(.warning(subject, hint: view.acceptance(ofDataDroppedBy: rule)))
        }
    }

    /// The rules of this host that drop a forwarded data connection to a port: `iptables FORWARD (policy DROP)`.
    ///
    /// Addresses and interfaces are not looked at.
    package static func droppers(ofDataTo port: UInt16, isIPv6: Bool) -> [String] {
        let family: PinholeSet.Family = isIPv6 ? .v6 : .v4
        let saved = (try? Firewall.save(family)).map { [family: $0] } ?? [:]
        let firewall = FirewallListing(saved: saved, [family])
        let way: [FilterHook] = [.prerouting, .forward, .postrouting]
        return way.flatMap { firewall.views(of: family, at: $0) }.compactMap { view in
            guard case .dropped(let rule) = view.outcome(of: .data(to: port)) else { return nil }
            return "\(view.name) (\(rule))"
        }
    }

    /// Conntrack never sees packets of NOTRACK, so that nothing is queued, and nothing can be RELATED to them.
    private mutating func inspectUntracked(of family: PinholeSet.Family, _ firewall: FirewallListing) {
        for port in ports.sorted() {
            for (program, chains) in firewall.tables("raw", of: family) {
                findings += chains.untracking(port: port).map { rule in
                    .failed(
                        "\(program) raw: keeps port \(port) out of conntrack (\(rule.text))",
                        hint: "\(program) -t raw -D \(rule.text)"
                    )
                }
            }
            guard family == .v4 else { continue }
            findings += (firewall.nft?.untracking(port: port) ?? []).map { rule in
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
