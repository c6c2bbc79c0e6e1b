// SPDX-License-Identifier: GPL-2.0-or-later
package import Netfilter

/// Names of each family for the firewall commands, and the definitions of its sets.
extension PinholeSet.Family {
    /// The usual name.
    package var title: String {
        switch self {
        case .v4: "IPv4"
        case .v6: "IPv6"
        }
    }

    /// The command for rules, and the prefix of the commands that save and restore them.
    package var program: String {
        switch self {
        case .v4: "iptables"
        case .v6: "ip6tables"
        }
    }

    /// The protocol of error messages.
    var icmp: String {
        switch self {
        case .v4: "icmp"
        case .v6: "ipv6-icmp"
        }
    }

    /// Bytes of an IP header without options or extensions.
    private var headerLength: Int {
        switch self {
        case .v4: 20
        case .v6: 40
        }
    }

    /// Bytes of the longest usual SYN without payload: an IP header without options, and a TCP header of 40 bytes.
    var longestSYN: Int { headerLength + 40 }

    /// Lengths up to `longestSYN` of packets with payload after a TCP header of so many 32-bit words.
    func lengthsWithPayload(behindHeaderOf words: Int) -> ClosedRange<Int> {
        headerLength + 4 * words + 1...longestSYN
    }

    /// The `xt_u32` expression for the length of the TCP header in 32-bit words, as `iptables-save` writes it.
    var dataOffset: String {
        switch self {
        case .v4: "0x0>>0x16&0x3c@0xc>>0x1c"
        case .v6: "0x34>>0x1c"
        }
    }

    /// Type and parameters of the set; the daemon gives every member its own timeout.
    var setDefinition: String { "\(setType) timeout 300" }

    /// Type of the set with the addresses of encrypted sessions.
    var sessionsDefinition: String {
        switch self {
        case .v4: "hash:ip family inet"
        case .v6: "hash:ip family inet6"
        }
    }

    /// Tells whether an existing set with this definition can be used.
    func accepts(_ definition: String, of name: String) -> Bool {
        switch name {
        case self.name: accepts(setDefinition: definition)
        case sessionsName: definition.hasPrefix("\(sessionsDefinition) ")
        default: false
        }
    }

    /// Tells whether an existing set with this definition can be used; it may have any size.
    package func accepts(setDefinition: String) -> Bool {
        setDefinition.hasPrefix("\(setType) ") && setDefinition.contains(" timeout ")
    }

    private var setType: String {
        switch self {
        case .v4: "hash:ip,port,ip family inet"
        case .v6: "hash:ip,port,ip family inet6"
        }
    }
}
