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
            Ports that clients connect to, whatever port NAT then leads them to. Those of `implicit-tls` are added.
            """
    ) { value, settings throws(UserError) in settings.ports = try value.numbers(in: 1...UInt16.max) }

    static let synproxy = Key(
        name: "synproxy",
        form: .flag,
        standard: "no",
        reader: .rules,
        summary: "show SYN-ACKs of data connections to the daemon",
        details: """
            Show the daemon the SYN-ACKs of data connections. Needed if any rule uses the target SYNPROXY, because the \
            kernel swallows them otherwise.
            """
    ) { value, settings throws(UserError) in settings.sparesSynproxy = try value.flag() }

    static let bypass = Key(
        name: "bypass",
        form: .flag,
        standard: "no",
        reader: .rules,
        summary: "let packets pass while no daemon runs",
        details: """
            Let packets pass without help while no daemon runs. Otherwise they are lost, and TCP retransmits them until \
            the next daemon goes on.
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
            Backend of the rules. With `auto` it is the one whose rules are loaded already. Otherwise it is nftables if the \
            kernel has its `queue`, also beside a firewall made with iptables, and iptables if it has not. To change it, \
            unload the rules first, and restart the daemon afterwards.
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
