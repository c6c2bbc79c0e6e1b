// SPDX-License-Identifier: GPL-2.0-or-later

/// A further real FTP client, beside those that every topology is tried with.
enum FurtherClient: String, CaseIterable {
    case ncftp
    case inetutils
    case wget
    case aria2
    case yafc
    /// With `sync-mode off`: it sends many commands at once, and a folder's files one after another.
    case lftp

    /// The modes that it can be made to use.
    func modes(isIPv6: Bool) -> [Mode] {
        switch self {
        case .ncftp: isIPv6 ? [] : [.port, .pasv]
        case .yafc: isIPv6 ? [.epsv] : [.pasv]
        case .lftp where !isIPv6: [.port, .pasv, .epsv]
        default: isIPv6 ? [.eprt, .epsv] : [.port, .pasv]
        }
    }

    /// A program, and its standard input, that fetches `pub/payload` into a file of a folder; lftp fetches `pub` as a whole.
    func fetch(from address: String, mode: Mode, into folder: String) -> ([String], input: String) {
        let site = address.contains(":") ? "[\(address)]" : address
        let url = "ftp://\(site)/pub/payload"
        switch self {
        case .ncftp:
            let words = ["ncftpget", "-V", mode.isActive ? "-E" : "-F", "-u", "anonymous", "-p", "guest"]
            return (words + [address, folder, "pub/payload"], "")
        case .inetutils:
            let script = "user anonymous guest\nbinary\nget pub/payload \(folder)/payload\nbye\n"
            return (["inetutils-ftp", "-n", "-v", mode.isActive ? "-A" : "-p", address], script)
        case .wget:
            let words = ["wget", "--no-verbose", "--tries=1", "--output-document=\(folder)/payload"]
            return (words + (mode.isActive ? ["--no-passive-ftp", url] : [url]), "")
        case .aria2:
            let words = ["aria2c", "--dir=\(folder)", "--out=payload", "--ftp-pasv=\(!mode.isActive)"]
            return (words + ["--max-tries=1", url], "")
        case .yafc:
            let open = "open ftp://anonymous:guest@\(site)"
            return (["yafc", "--norc"], "\(open)\nget pub/payload -o \(folder)/payload\nexit\n")
        case .lftp:
            let script = """
                set ftp:ssl-allow no; set net:max-retries 1; set cmd:fail-exit yes; set ftp:sync-mode off;
                set ftp:passive-mode \(mode.isActive ? "off" : "on");
                set ftp:prefer-epsv \(mode.isExtended ? "on" : "off");
                set ftp:fix-pasv-address no;
                open -u anonymous,guest ftp://\(site); mirror pub \(folder)
                """
            return (["lftp", "-c", script], "")
        }
    }
}
