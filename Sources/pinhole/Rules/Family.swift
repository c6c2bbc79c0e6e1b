/// IPv4 or IPv6, with the names that the firewall has for each.
enum Family: Hashable, Sendable, CaseIterable {
    case ipv4
    case ipv6

    /// The name as people write it.
    var title: String {
        switch self {
        case .ipv4: "IPv4"
        case .ipv6: "IPv6"
        }
    }

    /// The program that loads rules, and whose name begins those of the others.
    var program: String {
        switch self {
        case .ipv4: "iptables"
        case .ipv6: "ip6tables"
        }
    }

    /// The set that holds the pinholes.
    var set: String {
        switch self {
        case .ipv4: "pinhole4"
        case .ipv6: "pinhole6"
        }
    }

    /// The type and the parameters of that set; the daemon gives every member a timeout of its own.
    var setDefinition: String { "\(setType) timeout 300" }

    /// Tells whether a set of this type and with these parameters will do; its size is for the administrator to say.
    func accepts(setDefinition: String) -> Bool {
        setDefinition.hasPrefix("\(setType) ") && setDefinition.contains(" timeout ")
    }

    private var setType: String {
        switch self {
        case .ipv4: "hash:ip,port,ip family inet"
        case .ipv6: "hash:ip,port,ip family inet6"
        }
    }
}
