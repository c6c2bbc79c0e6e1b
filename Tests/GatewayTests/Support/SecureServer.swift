// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// A vsftpd that speaks TLS, and how clients are to reach it.
struct SecureServer: Sendable, CustomTestStringConvertible {
    /// The ports that it uses for data, as `--ftps` names them.
    static let ports = "49000-50000"

    let topology: Topology
    /// TLS begins with the first byte, on the topology's port.
    var isImplicit = false
    /// Whether data connections have to take up the TLS session of the control connection.
    var requiresReuse = true

    var testDescription: String {
        "\(topology.name), port \(topology.port), \(isImplicit ? "implicit" : "explicit"), reuse \(requiresReuse)"
    }

    /// The lines of its configuration that have to do with TLS.
    var configuration: String {
        """
        ssl_enable=YES
        implicit_ssl=\(isImplicit ? "YES" : "NO")
        allow_anon_ssl=YES
        force_anon_logins_ssl=YES
        force_anon_data_ssl=YES
        force_local_logins_ssl=YES
        force_local_data_ssl=YES
        require_ssl_reuse=\(requiresReuse ? "YES" : "NO")
        ssl_ciphers=HIGH
        rsa_cert_file=\(Lab.folder)/server.pem
        pasv_min_port=49000
        pasv_max_port=50000
        \(topology.isIPv6 ? "" : "pasv_address=\(topology.dialled)")
        """
    }

    /// The daemon's options for this server.
    var options: [String] {
        ["--ftps", "\(topology.server)=\(SecureServer.ports)"]
            + (isImplicit ? ["--implicit-tls", "\(topology.port)"] : [])
    }
}

/// A client that speaks TLS, and how to make it fetch `pub/payload` into a file.
enum SecureClient: String, CaseIterable {
    case curl
    case lftp
    case ftplib

    func fetch(from server: SecureServer, _ mode: Mode, into file: String) throws -> [String] {
        let topology = server.topology
        let site = "\(topology.isIPv6 ? "[\(topology.dialled)]" : topology.dialled):\(topology.port)"
        let scheme = server.isImplicit ? "ftps" : "ftp"
        switch self {
        case .curl:
            return [
                "curl", "--silent", "--show-error", "--verbose", "--globoff", "--insecure", "--ssl-reqd",
                "--output",
                file,
            ] + Client.curlOptions(for: mode) + ["\(scheme)://\(site)/pub/payload"]
        case .lftp:
            let script = """
                set net:max-retries 1; set cmd:fail-exit yes; debug 5; set ssl:verify-certificate no;
                set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ftp:fix-pasv-address no;
                set ftp:passive-mode \(mode.isActive ? "off" : "on");
                set ftp:prefer-epsv \(mode.isExtended ? "on" : "off");
                open -u anonymous,guest \(scheme)://\(site); get pub/payload -o \(file)
                """
            return ["lftp", "-c", script]
        case .ftplib:
            let tls = server.isImplicit ? "implicit" : "explicit"
            let words = [
                try Files.script("ftps"), topology.dialled, String(topology.port), mode.rawValue, tls,
                "pub/payload", "3",
            ]
            return ["sh", "-c", "exec /usr/bin/python3 -B \"$@\" >\"$0\"", file] + words
        }
    }
}

extension Gateway {
    /// Starts a vsftpd that speaks TLS with a certificate of its own, and waits until it listens.
    func start(_ server: SecureServer) async throws -> Service {
        try await lab.require(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days",
                "2", "-subj", "/CN=server", "-keyout", "\(Lab.folder)/server.pem", "-out",
                "\(Lab.folder)/certificate.pem",
            ],
            seconds: 60
        )
        try await lab.require(["sh", "-c", "cat \(Lab.folder)/certificate.pem >>\(Lab.folder)/server.pem"])
        return try await start(.vsftpd, acceptTimeout: 5, configuration: server.configuration)
    }

    /// Loads the rules and starts the daemon for a server that speaks TLS.
    func startDaemon(for server: SecureServer, _ options: [String] = []) async throws -> Service {
        try await loadRules(server.options)
        return try await startDaemon(server.options + options)
    }

    /// Fetches `pub/payload` over TLS; `nil` if it came whole and right, else what the client said.
    func fetch(
        with client: SecureClient,
        from server: SecureServer,
        _ mode: Mode,
        seconds: Double = 30
    ) async throws -> Outcome? {
        let name = lab.newName("got")
        let words = try client.fetch(from: server, mode, into: "\(Lab.folder)/\(name)")
        let outcome = try await lab.run(words, on: topology.clientHost, seconds: seconds)
        return lab.contents(name) == payload ? nil : outcome
    }

    /// The address of the third party.
    var stranger: String { topology.isIPv6 ? "fd03::2" : "10.3.0.2" }
}
