import FTPHelper

extension Settings {
    /// What is allowed that hardly anybody means, and how to allow less: the access of encrypted sessions with anybody at all.
    ///
    /// Whoever speaks TLS has such a session, so a network of servers that anybody can join keeps nobody out.
    package var warnings: [UserError] {
        policy.servers.filter { $0.prefix.isWide }.flatMap { prefix, rules -> [UserError] in
            guard let ports = rules.ftpsPorts else { return [] }
            let servers = "[server \(prefix.address)/\(prefix.length)]"
            var warnings: [UserError] = []
            // Of the ports from 1024 on.
            if ports.count > (65536 - 1024) / 2 {
                let range = "\(ports.lowerBound)-\(ports.upperBound)"
                warnings.append(
                    UserError(
                        "\(servers) with ftps-ports \(range): clients reach nearly every port of any such host that speaks TLS",
                        hint: "name the servers, and the ports that they have for data"
                    )
                )
            }
            if rules.allowsActiveFTPS {
                warnings.append(
                    UserError(
                        "\(servers) with ftps-active: any such host that speaks TLS reaches its clients' ports from 1024 on",
                        hint: "allow it to servers that are named, or to none"
                    )
                )
            }
            return warnings
        }
    }
}

extension Log {
    /// Writes what is allowed that hardly anybody means.
    mutating func write(_ warnings: [UserError]) {
        for warning in warnings {
            write(.warning, "wide-access") {
                $0.add("reason", warning.message)
                $0.add("hint", warning.hint)
            }
        }
    }
}

extension AddressPrefix {
    /// More addresses than one operator has, as a rule: more than a /16 of IPv4, or a /48 of IPv6, which is one site's.
    fileprivate var isWide: Bool { length < (address.isSameFamily(as: .v4(0)) ? 16 : 48) }
}
