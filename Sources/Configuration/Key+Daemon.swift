// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import FTPHelper
import Messages
import Netfilter
import PinholeDaemon

/// The keys that concern the daemon as a whole.
extension Key {
    static let queues = Key(
        name: "queues",
        form: .value(placeholder: "CONTROL,DATA,..."),
        standard: QueueNumbers().description,
        reader: .both,
        summary: "numbers of the queues",
        details: """
            Numbers of the queues for control packets, for data connections, and for SYNs of clients with an encrypted \
            session. Without the third, it is one more than the larger of the others.
            """
    ) { value, settings throws(UserError) in settings.queues = try value.queueNumbers() }

    static let socket = Key(
        name: "socket",
        form: .value(placeholder: "PATH"),
        standard: ServiceInstance.main.socketPath,
        reader: .both,
        summary: "control socket",
        details: """
            Control socket of the daemon, to which the other commands connect.
            """
    ) { value, settings throws(UserError) in settings.socketPath = try value.path() }

    static let state = Key(
        name: "state",
        form: .value(placeholder: "PATH"),
        standard: Settings(socketPath: ServiceInstance.main.socketPath).statePath,
        summary: "saved state",
        details: """
            File in which the daemon saves what the next daemon needs to go on with its sessions. The file is next to the \
            socket unless this key names another one.
            """
    ) { value, settings throws(UserError) in settings.state = try value.path() }

    static let peerState = Key(
        name: "peer-state",
        form: .value(placeholder: "PATH"),
        standard: Settings(socketPath: ServiceInstance.main.socketPath).peerStatePath,
        summary: "the peer's sessions",
        details: """
            File in which `pinhole sync` keeps the sessions of the other gateway of a pair. The daemon goes on with \
            these sessions when it starts. The file is next to the socket unless this key names another one.
            """
    ) { value, settings throws(UserError) in settings.peerState = try value.path() }

    static let user = Key(
        name: "user",
        form: .value(placeholder: "NAME"),
        standard: Settings.usualUser,
        standardNote: "\(Settings.usualUser), if it exists",
        summary: "user after startup",
        details: """
            User to run as after startup. Without such a user, the daemon stays root and logs it.
            """
    ) { value, settings in settings.user = value.text }

    static let ftps = Key(
        name: "ftps",
        form: .value(placeholder: "SERVER=PORTS,..."),
        standard: "none",
        reader: .both,
        summary: "server ports open to encrypted sessions",
        details: """
            Ports of servers that clients can reach while they have an encrypted session (FTPS) with the server, such as \
            `10.2.0.3=49000-50000`. This does the same as `ftps-ports` in a section for each server.
            """
    ) { value, settings throws(UserError) in settings.ftpsServers = try value.serverPorts() }

    static let implicitTLS = Key(
        name: "implicit-tls",
        form: .value(placeholder: "PORT,..."),
        standard: "none",
        reader: .both,
        summary: "ports with implicit TLS, such as 990",
        details: """
            Ports on which TLS begins with the first byte (implicit FTPS), such as 990. On all other ports, only AUTH TLS \
            begins an encrypted session. Clients connect to these ports as to those of `ports`.
            """
    ) { value, settings throws(UserError) in
        settings.policy.implicitTLSPorts =
            value.text == "none" ? [] : try value.numbers(in: 1...UInt16.max)
    }

    static let bypassMark = Key(
        name: "bypass-mark",
        form: .value(placeholder: "VALUE[/MASK]"),
        standard: "0/0",
        standardNote: "none",
        reader: .both,
        summary: "connmark of connections not to queue",
        details: """
            Connmark of connections that bypass the queue: encrypted sessions, and connections that are not FTP, such as \
            SSH or a VPN on the same port. Their packets with SYN, FIN or RST are still queued, so that a new connection \
            begins without the mark.
            """
    ) { value, settings throws(UserError) in settings.bypassMark = try value.bypassMark() }

    static let dataMark = Key(
        name: "data-mark",
        form: .value(placeholder: "VALUE[/MASK]"),
        standard: "0/0",
        standardNote: "none",
        summary: "connmark added to data connections",
        details: """
            Mark that data connections get in addition to the connmark of their control connection, for rules that match \
            data connections only. Numbers are decimal, or hexadecimal after 0x.
            """
    ) { value, settings throws(UserError) in settings.dataMark = try value.mark() }

    static let maximumConnections = Key(
        name: "max-connections",
        form: .value(placeholder: "N"),
        standard: "65536",
        summary: "sessions followed at once",
        details: """
            Sessions followed at once, from 1 to 1000000. At the limit, a new session replaces a closed session, or else \
            the session without a login that has been silent longest. If there is neither, the new session passes without \
            help.
            """
    ) { value, settings throws(UserError) in
        settings.policy.maximumConnections = try value.number(in: 1...1_000_000)
    }

    static let maximumClientConnections = Key(
        name: "max-client-connections",
        form: .value(placeholder: "N"),
        standard: "16384",
        standardNote: "max-connections / 4",
        summary: "sessions of one client",
        details: """
            Sessions of one client followed at once, from 1 to 1000000. A client is an IPv4 address or an IPv6 /64. At \
            the limit, a new session replaces one of the same client that is closed or has no login. If there is none, \
            the new session passes without help.
            """
    ) { value, settings throws(UserError) in
        settings.policy.maximumClientConnections = try value.number(in: 1...1_000_000)
    }

    static let logLevel = Key(
        name: "log-level",
        form: .choice(placeholder: "LEVEL", LogLevel.allCases.map(\.rawValue)),
        standard: LogLevel.info.rawValue,
        summary: "error, warning, info or debug",
        details: """
            What is logged: `error` for what may have cost a session or a transfer, `warning` for refusals and for what \
            the administrator can correct, `info` for the outcome of each session, `debug` for each step.
            """
    ) { value, settings throws(UserError) in settings.logLevel = try value.word(of: LogLevel.self) }
}
