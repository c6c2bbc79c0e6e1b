// SPDX-License-Identifier: GPL-2.0-or-later

/// A further real FTP server, beside those that every topology is tried with.
enum FurtherServer: String, CaseIterable {
    case proftpd
    case pureFTPd = "pure-ftpd"
    case inetutils
    case aioftp

    /// The modes that it has.
    func modes(isIPv6: Bool) -> [Mode] {
        Mode.allCases.filter { ($0.isExtended || !isIPv6) && !($0.isActive && self == .aioftp) }
    }

    /// Tells whether it knows Telnet's commands, and bears it that a client cuts a transfer off.
    var knowsTelnet: Bool { self == .proftpd || self == .inetutils }

    /// Unset if commands after a RETR may be answered before it.
    var answersInOrder: Bool { self != .aioftp }

    /// Writes its configuration and starts it.
    func start(in lab: Lab, on host: Host, address: String, port: Int) throws -> Service {
        let words: [String]
        switch self {
        case .proftpd:
            let configuration = """
                ServerType standalone
                DefaultServer on
                DefaultAddress \(address)
                Port \(port)
                UseReverseDNS off
                User ftp
                Group nogroup
                ScoreboardFile \(Lab.folder)/proftpd.scoreboard
                PidFile \(Lab.folder)/proftpd.pid
                TransferLog none
                WtmpLog off
                <Anonymous \(Server.root)>
                    User ftp
                    Group nogroup
                    UserAlias anonymous ftp
                    RequireValidShell off
                </Anonymous>

                """
            try lab.write(configuration, to: "proftpd.conf")
            let program = try Files.unpacked("proftpd-core", "usr/sbin/proftpd")
            words = [program, "--nodaemon", "--quiet", "--config", "\(Lab.folder)/proftpd.conf"]
        case .pureFTPd:
            let program = try Files.unpacked("pure-ftpd", "usr/sbin/pure-ftpd")
            words = [
                "env", "FTP_ANON_DIR=\(Server.root)", program, "--anonymousonly", "--dontresolve", "--bind",
                "\(address),\(port)",
            ]
        case .inetutils:
            // It has a daemon of its own, which knows no other port than the service's and gives its process away.
            words = [
                "/usr/bin/python3", "-B", try Files.script("inetd"), address, String(port),
                try Files.unpacked("inetutils-ftpd", "usr/sbin/ftpd"), "--anonymous-only", "--auth=default",
            ]
        case .aioftp:
            words = [
                "env", "--chdir", Server.root, "/usr/bin/python3", "-B", "-m", "aioftp", "--host", address,
                "--port", String(port),
            ]
        }
        return try lab.start(words, as: rawValue, on: host)
    }
}
