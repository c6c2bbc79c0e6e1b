import Netfilter

/// What the programs call each family, and the sets they are to make.
extension PinholeSet.Family {
    /// The name as people write it.
    var title: String {
        switch self {
        case .v4: "IPv4"
        case .v6: "IPv6"
        }
    }

    /// The program for rules; it begins the names of the programs that save and restore them.
    var program: String {
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

    /// Bytes of the longest SYN without payload: an IP header without options, and the longest TCP header that is usual.
    var longestSYN: Int { headerLength + 40 }

    /// Lengths, of no more than `longestSYN` bytes, of a packet that has payload behind a TCP header of so many words of 32 bits.
    func lengthsWithPayload(behindHeaderOf words: Int) -> ClosedRange<Int> {
        headerLength + 4 * words + 1...longestSYN
    }

    /// Where `xt_u32` finds the length of the TCP header, in words of 32 bits, written as `iptables-save` does.
    var dataOffset: String {
        switch self {
        case .v4: "0x0>>0x16&0x3c@0xc>>0x1c"
        case .v6: "0x34>>0x1c"
        }
    }

    /// The type and the parameters of the set; the daemon gives every member a timeout of its own.
    var setDefinition: String { "\(setType) timeout 300" }

    /// The same of the set with the addresses of encrypted sessions.
    var sessionsDefinition: String {
        switch self {
        case .v4: "hash:ip family inet"
        case .v6: "hash:ip family inet6"
        }
    }

    /// Tells whether a set of this name, type and with these parameters will do.
    func accepts(_ definition: String, of name: String) -> Bool {
        switch name {
        case self.name: accepts(setDefinition: definition)
        case sessionsName: definition.hasPrefix("\(sessionsDefinition) ")
        default: false
        }
    }

    /// Tells whether a set of this type and with these parameters will do; its size is for the administrator to say.
    func accepts(setDefinition: String) -> Bool {
        setDefinition.hasPrefix("\(setType) ") && setDefinition.contains(" timeout ")
    }

    private var setType: String {
        switch self {
        case .v4: "hash:ip,port,ip family inet"
        case .v6: "hash:ip,port,ip family inet6"
        }
    }
}
