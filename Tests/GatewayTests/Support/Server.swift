// SPDX-License-Identifier: GPL-2.0-or-later

/// A real FTP server with its default checks: it refuses data connections from or to another address than the control's.
enum Server: String, CaseIterable {
    case vsftpd
    case pyftpdlib

    /// The folder that it serves: `pub/payload` to read, `incoming` to write.
    static let root = "\(Lab.folder)/ftp"

    /// Writes its configuration, vsftpd's with these lines more, and starts it; it waits so many seconds for a data connection.
    func start(
        in lab: Lab,
        on host: Host,
        address: String,
        port: Int,
        acceptTimeout: Int,
        configuration more: String = ""
    ) throws -> Service {
        switch self {
        case .vsftpd:
            // pasv_promiscuous and port_promiscuous stay NO, and active data connections come from port 20.
            let configuration = """
                background=NO
                listen=\(address.contains(":") ? "NO" : "YES")
                listen_ipv6=\(address.contains(":") ? "YES" : "NO")
                \(address.contains(":") ? "listen_address6" : "listen_address")=\(address)
                listen_port=\(port)
                anonymous_enable=YES
                anon_root=\(Server.root)
                anon_upload_enable=YES
                write_enable=YES
                connect_from_port_20=YES
                accept_timeout=\(acceptTimeout)
                connect_timeout=\(acceptTimeout)
                max_per_ip=0
                isolate_network=NO
                xferlog_enable=YES
                log_ftp_protocol=YES
                vsftpd_log_file=\(Lab.folder)/vsftpd-protocol.log
                """
            try lab.write("\(configuration)\n\(more)\n", to: "vsftpd.conf")
            return try lab.start(["vsftpd", "\(Lab.folder)/vsftpd.conf"], as: rawValue, on: host)
        case .pyftpdlib:
            return try lab.start(
                [
                    "/usr/bin/python3", "-B", "-W", "ignore", Files.script("server"), address, String(port),
                    Server.root,
                ],
                as: rawValue,
                on: host
            )
        }
    }

    /// How many logins it has accepted.
    func logins(in lab: Lab) -> Int {
        let (log, mark) =
            switch self {
            case .vsftpd: ("vsftpd-protocol.log", "\"230 Login successful.\"")
            case .pyftpdlib: ("pyftpdlib.log", "logged in.")
            }
        return lab.read(log).split(separator: "\n").count { $0.contains(mark) }
    }

    /// The addresses that its clients have had, on control and data connections alike.
    ///
    /// vsftpd says it of control connections only, and ends a transfer whose data connection has another.
    func clients(in lab: Lab) -> Set<String> {
        let lines =
            switch self {
            case .vsftpd: lab.read("vsftpd-protocol.log").matches(of: /Client "(?:::ffff:)?([0-9a-f.:]+)"/)
            case .pyftpdlib:
                lab.read("pyftpdlib.log").matches(of: /"(?:control|data)": "(?:::ffff:)?([0-9a-f.:]+)"/)
            }
        return Set(lines.map { String($0.output.1) })
    }
}
