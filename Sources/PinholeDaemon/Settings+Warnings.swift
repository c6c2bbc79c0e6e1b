import FTPHelper

extension Settings {
    /// What is allowed that hardly anybody means, and how to allow less: the access of encrypted sessions with anybody at all.
    ///
    /// Whoever speaks TLS has such a session, so a network of servers that anybody can join keeps nobody out.
    package var warnings: [Obstacle] {
        policy.servers.filter { $0.prefix.isWide }.flatMap { prefix, rules -> [Obstacle] in
            guard let ports = rules.ftpsPorts else { return [] }
            let servers = "[server \(prefix.address)/\(prefix.length)]"
            var warnings: [Obstacle] = []
            // Of the ports from 1024 on.
            if ports.count > (65536 - 1024) / 2 {
                let range = "\(ports.lowerBound)-\(ports.upperBound)"
                warnings.append(
                    Obstacle(
                        "\(servers) with ftps-ports \(range): clients reach nearly every port of any such host that speaks TLS",
                        mend: "name the servers, and the ports that they have for data"
                    )
                )
            }
            if rules.allowsActiveFTPS {
                warnings.append(
                    Obstacle(
                        "\(servers) with ftps-active: any such host that speaks TLS reaches its clients' ports from 1024 on",
                        mend: "allow it to servers that are named, or to none"
                    )
                )
            }
            return warnings
        }
    }
}

extension Log {
    /// Writes what is allowed that hardly anybody means.
    mutating func write(_ warnings: [Obstacle]) {
        for warning in warnings {
            write(.warning, "wide-access") {
                $0.add("reason", warning.message)
                $0.add("mend", warning.mend)
            }
        }
    }
}

extension AddressPrefix {
    /// More addresses than one operator has, as a rule: more than a /16 of IPv4, or a /48 of IPv6, which is one site's.
    fileprivate var isWide: Bool { length < (address.isSameFamily(as: .v4(0)) ? 16 : 48) }
}
