// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import FTPHelper
import Messages
import PinholeDaemon

/// The keys that can differ from server to server.
extension Key {
    /// The longest timeout of an element of an ipset (`IPSET_MAX_TIMEOUT`).
    private static let maximumTimeout: UInt32 = 2_147_483

    static let timeout = Key(
        name: "timeout",
        form: .value(placeholder: "SECONDS"),
        standard: "300",
        scope: .anywhere,
        summary: "lifetime of an unused expectation",
        details: "Lifetime of an unused expectation in seconds, from 1 to \(maximumTimeout)."
    ) { value, settings throws(UserError) in
        settings.policy.rules.timeout = try value.number(in: 1...maximumTimeout)
    }

    static let loose = Key(
        name: "loose",
        form: .flagOrValue(placeholder: "ADDRESS,..."),
        standard: "no",
        scope: .anywhere,
        summary: "honour addresses that are not the sender's",
        details: """
            Honour an advertised address that is not the sender's, as the kernel's `loose=1` does. With up to \
            \(HonouredAddresses.maximumCount) addresses, such as those of a server farm, only these are honoured, and \
            they may also open data connections of active mode.
            """
    ) { value, settings throws(UserError) in settings.policy.rules.honoured = try value.honouredAddresses() }

    static let strict = Key(
        name: "strict",
        form: .flag,
        standard: "no",
        scope: .anywhere,
        summary: "reset connections with invalid announcements",
        details: """
            Reset connections that are not FTP or that make an invalid or unsolicited announcement, and refuse a PORT that \
            is sent before the reply to the previous command. This does not detect a PORT that an attacker has injected \
            after a CRLF into the client's data if the server closes its TCP window just before it. If clients need no \
            active mode, turn off `active` to prevent this attack.
            """
    ) { value, settings throws(UserError) in settings.policy.rules.isStrict = try value.flag() }

    static let privilegedPorts = Key(
        name: "allow-privileged-ports",
        form: .flag,
        standard: "no",
        scope: .anywhere,
        summary: "open ports below 1024 too",
        details: "Open ports below 1024 too."
    ) { value, settings throws(UserError) in settings.policy.rules.allowsPrivilegedPorts = try value.flag() }

    static let active = Key(
        name: "active",
        form: .yesOrNo,
        standard: "yes",
        scope: .anywhere,
        summary: "let PORT, EPRT and LPRT open anything",
        details: "Whether PORT, EPRT and LPRT of clients open anything."
    ) { value, settings throws(UserError) in settings.policy.rules.allowsActive = try value.flag() }

    static let passive = Key(
        name: "passive",
        form: .yesOrNo,
        standard: "yes",
        scope: .anywhere,
        summary: "let 227, 228 and 229 open anything",
        details: "Whether 227, 228 and 229 of servers open anything."
    ) { value, settings throws(UserError) in settings.policy.rules.allowsPassive = try value.flag() }

    static let natPorts = Key(
        name: "nat-ports",
        form: .value(placeholder: "FIRST-LAST"),
        standard: "1024-65535",
        scope: .anywhere,
        summary: "ports for NAT to choose from",
        details: """
            Ports that NAT can use if the announced port already leads elsewhere. The announced port is kept if possible, \
            so that another firewall further out does not have to let through other ports. If none of them is free, the \
            line is refused (`no-port`).
            """
    ) { value, settings throws(UserError) in settings.policy.rules.natPorts = try value.ports() }

    static let proxyProtocol = Key(
        name: "proxy-protocol",
        form: .flag,
        standard: "no",
        scope: .anywhere,
        summary: "trust the PROXY header of a load balancer",
        details: """
            Trust the PROXY header that a load balancer puts before a client's first command: the client can announce the \
            address in the header, and the expectation leads there. Otherwise such a header is skipped.
            """
    ) { value, settings throws(UserError) in settings.policy.rules.trustsProxyHeader = try value.flag() }

    static let ftpsPorts = Key(
        name: "ftps-ports",
        form: .value(placeholder: "FIRST-LAST"),
        standard: nil,
        example: "49000-50000",
        scope: .server,
        summary: "ports for data connections of encrypted sessions",
        details: """
            Ports, from 1024 on, that the server uses for data connections of encrypted sessions. Without this key \
            nothing opens for them. All hosts behind the client's NAT address can reach these ports, too. Servers behind \
            one public address need disjoint ranges, and a range takes precedence over other DNAT rules for its ports.
            """
    ) { value, settings throws(UserError) in settings.policy.rules.ftpsPorts = try value.ports() }

    static let ftpsActive = Key(
        name: "ftps-active",
        form: .flag,
        standard: "no",
        scope: .server,
        summary: "let the server open data connections",
        details: """
            Let the server open data connections of encrypted sessions too, from port 20 or 989 to the ports of the \
            client from 1024 on, unless the client is behind NAT. The server can reach every one of these ports as long \
            as the session lasts.
            """
    ) { value, settings throws(UserError) in settings.policy.rules.allowsActiveFTPS = try value.flag() }

    static let ftpsMaximum = Key(
        name: "ftps-max",
        form: .value(placeholder: "N"),
        standard: "10",
        scope: .server,
        summary: "data connections of an encrypted session",
        details: """
            Data connections that an encrypted session can have at once, from 1 to 1000. Connections that conntrack \
            considers closed do not count, so this does not limit hostile ends.
            """
    ) { value, settings throws(UserError) in
        settings.policy.rules.maximumFTPSConnections = try value.number(in: 1...1000)
    }
}
