// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Messages
import Netfilter
import PinholeDaemon

/// The keys that only concern the rules.
extension Key {
    static let ports = Key(
        name: "ports",
        form: .value(placeholder: "PORT,..."),
        standard: "21",
        reader: .rules,
        summary: "ports that clients connect to",
        details: """
            Ports that clients connect to, before any DNAT. Those of `implicit-tls` are added.
            """
    ) { value, settings throws(UserError) in settings.ports = try value.numbers(in: 1...UInt16.max) }

    static let synproxy = Key(
        name: "synproxy",
        form: .flag,
        standard: "no",
        reader: .rules,
        summary: "queue the SYN-ACKs of data connections",
        details: """
            Queue the SYN-ACKs of data connections to the daemon. This is needed if any rule uses the target SYNPROXY, \
            because the kernel drops them otherwise.
            """
    ) { value, settings throws(UserError) in settings.sparesSynproxy = try value.flag() }

    static let bypass = Key(
        name: "bypass",
        form: .flag,
        standard: "no",
        reader: .rules,
        summary: "let packets pass while no daemon runs",
        details: """
            Let packets pass without help while no daemon runs. Otherwise they are dropped, and TCP retransmits them until \
            the next daemon runs.
            """
    ) { value, settings throws(UserError) in settings.isBypassing = try value.flag() }

    /// The values of `backend`.
    private enum BackendName: String, CaseIterable {
        case auto, nft, iptables
    }

    static let backend = Key(
        name: "backend",
        form: .choice(
            placeholder: BackendName.allCases.map(\.rawValue).joined(separator: "|"),
            BackendName.allCases.map(\.rawValue)
        ),
        standard: BackendName.auto.rawValue,
        reader: .rules,
        summary: "backend of the rules",
        details: """
            Backend of the rules. `auto` keeps the backend whose rules are already loaded. If none are loaded, it selects \
            nftables if the kernel supports its `queue`, even if the firewall uses iptables, and iptables otherwise. When \
            the daemon is restarted with another backend, the rules of the former one are replaced.
            """
    ) { value, settings throws(UserError) in
        settings.backend =
            switch try value.word(of: BackendName.self) {
            case .auto: nil
            case .nft: .nft
            case .iptables: .iptables
            }
    }
}
