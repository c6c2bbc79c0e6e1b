// SPDX-License-Identifier: GPL-2.0-or-later
import Linux

/// The privileges of a process, from `/proc/PID/status`.
struct Confinement: Hashable, Sendable {
    /// The effective user, 0 for root.
    let user: UInt32
    /// The permitted capabilities, bit n for capability n.
    let capabilities: UInt64
    /// Set if no program that it starts can have more privileges than itself (`no_new_privs`).
    let forbidsNewPrivileges: Bool
    /// Set if it may only make some system calls (`SECCOMP_MODE_FILTER`).
    let isFiltered: Bool

    /// Reads the text of the file; `nil` if it lacks one of the lines.
    ///
    /// They are `Uid:` (real, effective, saved, file system), `CapPrm:` (hexadecimal), `NoNewPrivs:` and `Seccomp:`, which
    /// a kernel without seccomp does not write.
    init?(parsing status: String) {
        var values: [Substring: [Substring]] = [:]
        for line in status.split(separator: "\n") {
            let words = line.split { ": \t".contains($0) }
            if let name = words.first { values[name] = Array(words.dropFirst()) }
        }
        guard let users = values["Uid"], users.count == 4, let user = UInt32(users[1]),
            let capabilities = values["CapPrm"]?.first.flatMap({ UInt64($0, radix: 16) }),
            let noNewPrivileges = values["NoNewPrivs"]?.first
        else { return nil }
        self.user = user
        self.capabilities = capabilities
        forbidsNewPrivileges = noNewPrivileges == "1"
        isFiltered = values["Seccomp"]?.first == "2"
    }

    /// A finding each for the user, the capabilities, new privileges and system calls.
    var findings: [Finding] {
        let restart = "restart it with this version of pinhole"
        return [
            user != 0
                ? .fine("daemon: user \(user)")
                : .warning("daemon: user root", hint: "useradd --system pinhole, then restart the daemon"),
            capabilities == Capabilities.Capability.networkAdministration.bit
                ? .fine("daemon: no capability except CAP_NET_ADMIN")
                : .warning("daemon: more capabilities than CAP_NET_ADMIN", hint: restart),
            forbidsNewPrivileges
                ? .fine("daemon: no new privileges")
                : .warning("daemon: may get new privileges", hint: restart),
            isFiltered
                ? .fine("daemon: only the system calls that it needs")
                : .warning("daemon: all system calls", hint: "use a kernel with CONFIG_SECCOMP_FILTER"),
        ]
    }
}
