// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
package import Messages

extension Settings {
    /// Warnings about settings that allow more than most people mean: FTPS access to the servers of a whole network.
    ///
    /// Any TLS handshake makes an encrypted session, so a section for a network that anybody can be in keeps nobody out.
    package var warnings: [UserError] {
        policy.servers.filter { $0.prefix.isWide }.flatMap { prefix, rules -> [UserError] in
            guard let ports = rules.ftpsPorts else { return [] }
            let servers = "[server \(prefix.address)/\(prefix.length)]"
            var warnings: [UserError] = []
            // Of the ports from 1024 up.
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
    /// Writes the warnings to the log.
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
    /// Whether it is larger than the network of one operator usually is: /16 in IPv4, /48 (one site) in IPv6.
    fileprivate var isWide: Bool { length < (address.isSameFamily(as: .v4(0)) ? 16 : 48) }
}
