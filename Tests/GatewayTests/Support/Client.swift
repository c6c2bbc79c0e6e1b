// SPDX-License-Identifier: GPL-2.0-or-later

/// A real FTP client, and how to make it use each mode and believe what the server tells it.
enum Client: String, CaseIterable {
    case curl
    case lftp
    case tnftp
    case ftplib

    /// The modes that it can be made to use.
    func modes(isIPv6: Bool) -> [Mode] {
        guard !isIPv6 else { return [.eprt, .epsv] }
        // lftp knows EPRT for IPv6 only.
        return self == .lftp ? [.port, .pasv, .epsv] : Mode.allCases
    }

    /// A program, and its standard input, that fetches `pub/payload` into a file.
    func fetch(from address: String, port: Int, mode: Mode, into file: String) throws -> (
        [String], input: String
    ) {
        let site = address.contains(":") ? "[\(address)]" : address
        switch self {
        case .curl:
            let words = ["curl", "--silent", "--show-error", "--verbose", "--globoff", "--output", file]
            return (words + Client.curlOptions(for: mode) + ["ftp://\(site):\(port)/pub/payload"], "")
        case .lftp:
            let script = """
                set ftp:ssl-allow no; set net:max-retries 1; set cmd:fail-exit yes; debug 5;
                set ftp:passive-mode \(mode.isActive ? "off" : "on");
                set ftp:prefer-epsv \(mode.isExtended ? "on" : "off");
                set ftp:fix-pasv-address no;
                open -u anonymous,guest ftp://\(site):\(port); get pub/payload -o \(file)
                """
            return (["lftp", "-c", script], "")
        case .tnftp:
            let script = """
                user anonymous guest
                binary
                epsv \(mode.isExtended ? "on" : "off")
                get pub/payload \(file)
                bye

                """
            return (["tnftp", mode.isActive ? "-A" : "-p", "-n", "-i", "-v", address, String(port)], script)
        case .ftplib:
            let words = [try Files.script("fetch"), address, String(port), mode.rawValue, "pub/payload"]
            return (["sh", "-c", "exec /usr/bin/python3 -B \"$@\" >\"$0\"", file] + words, "")
        }
    }

    /// What makes curl use a mode; of itself it ignores the address of a 227.
    static func curlOptions(for mode: Mode) -> [String] {
        switch mode {
        case .port: ["--ftp-port", "-", "--disable-eprt"]
        case .eprt: ["--ftp-port", "-"]
        case .pasv: ["--disable-epsv", "--no-ftp-skip-pasv-ip"]
        case .epsv: []
        }
    }
}
