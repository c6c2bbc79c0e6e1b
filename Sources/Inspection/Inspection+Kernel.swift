// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Glibc
import Linux
import Netfilter

/// Checks of the kernel features that the daemon and the rules need.
extension Inspection {
    mutating func inspectKernel() {
        note("kernel: NFQUEUE", hint: "modprobe nfnetlink_queue") { () throws(SystemError) in
            if QueueBinding.all.isEmpty { _ = try PacketQueue.open(.max) }
        }
        note("kernel: ctnetlink", hint: "modprobe nf_conntrack_netlink") { () throws(SystemError) in
            _ = try Conntrack.open()
        }
        inspectAccounting()
        findings.append(Finding(grade: .fine, subject: "backend: \(choice)", hint: choice.alternative))
        for backend in backends {
            switch backend {
            // `BackendChoice` checks its modules.
            case .nft: break
            case .iptables: inspectIPTables()
            }
        }
    }

    mutating func inspectAccounting() {
        switch setting("net/netfilter/nf_conntrack_acct") {
        case "0":
            let hint = "sysctl net.netfilter.nf_conntrack_acct=1"
            findings.append(
                .warning("accounting: off, so the size of transfers is unknown", hint: hint)
            )
        case nil: findings.append(.warning("accounting: not available", hint: "modprobe nf_conntrack"))
        default: findings.append(.fine("accounting"))
        }
    }

    /// Checks the matches and targets of iptables that can be separate modules.
    ///
    /// The checks of the rules report other faults of iptables.
    private mutating func inspectIPTables() {
        note("kernel: ipset", hint: "modprobe ip_set_hash_ipportip") { () throws(SystemError) in
            _ = try PinholeSet.open(.iptables)
        }
        guard saved[.v4] != nil else { return }
        for (option, name) in [("-m", "conntrack"), ("-m", "set"), ("-m", "length"), ("-j", "NFQUEUE")] {
            let subject = "kernel: iptables \(option) \(name)"
            if let modules = (try? Firewall.missingModules(for: option, name)) ?? nil {
                findings.append(.failed("\(subject): not available", hint: "modprobe -a \(modules)"))
            } else {
                findings.append(.fine(subject))
            }
        }
    }

    /// Reports whether the attempt succeeds.
    private mutating func note(_ subject: String, hint: String, _ attempt: () throws(SystemError) -> Void) {
        do {
            try attempt()
            findings.append(.fine(subject))
        } catch {
            let reason = error.code == EPROTONOSUPPORT ? "not available" : error.reason
            findings.append(.failed("\(subject): \(reason)", hint: hint))
        }
    }
}
