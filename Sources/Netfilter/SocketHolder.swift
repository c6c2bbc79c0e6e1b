// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import Glibc
import Linux

/// A process that has a socket open.
///
/// The socket's inode is looked up in `/proc/net`, and the inode among the descriptors in `/proc/PID/fd`. That needs root,
/// and does not find a process outside the PID namespace of this one.
package struct SocketHolder: Hashable, Sendable {
    /// The process id in the PID namespace of this process.
    package let process: Int32
    /// The process's name, at most 15 bytes (`/proc/PID/comm`).
    package let name: String

    /// Finds the process that has the nfnetlink socket with a port id, in the network namespace of this process.
    ///
    /// The port id equals the process id only for the first netlink socket of a process, so the inode is used instead. A
    /// service manager that keeps the socket has it open too: if the process `expected` has it, that one is returned.
    package init?(nfnetlinkPort port: UInt32, expected: Int32? = nil) {
        // Columns: sk, Eth (the protocol), Pid (the port), ...; the inode is the last.
        self.init(listedIn: "/proc/net/netlink", expected) { columns in
            guard columns.count > 3, columns[1] == "\(NETLINK_NETFILTER)", columns[2] == "\(port)" else {
                return nil
            }
            return columns.last
        }
    }

    /// Finds the process that has the listening Unix socket at a path, in the network namespace of this process.
    package init?(listenerAt path: String) {
        // Columns: Num, RefCount, Protocol, Flags (__SO_ACCEPTCON if it listens), Type, St, Inode, Path.
        self.init(listedIn: "/proc/net/unix") { columns in
            guard columns.count > 7, columns[3] == "00010000" else { return nil }
            return columns[7...].joined(separator: " ") == path ? columns[6] : nil
        }
    }

    private init?(listedIn list: String, _ expected: Int32? = nil, _ inode: ([Substring]) -> Substring?) {
        let lines = (try? TextFile.read(list))?.split(separator: "\n") ?? []
        guard let found = lines.compactMap({ inode($0.split(separator: " ")) }).first,
            let process = Self.process(withSocket: found, expected)
        else { return nil }
        self.process = process
        name =
            (try? TextFile.read("/proc/\(process)/comm"))?.split(separator: "\n").first.map(String.init)
            ?? "?"
    }

    /// The expected process if it has the socket, otherwise the first that has.
    private static func process(withSocket inode: Substring, _ expected: Int32?) -> Int32? {
        var first: Int32?
        var paths = unsafe glob_t()
        // Sound: glob fills in `paths`, and globfree may be called whether it succeeded or not.
        defer { unsafe globfree(&paths) }
        guard unsafe glob("/proc/[0-9]*/fd/*", GLOB_NOSORT, nil, &paths) == 0 else { return nil }
        for index in 0..<Int(unsafe paths.gl_pathc) {
            // Sound: `gl_pathv` has `gl_pathc` paths, each NUL-terminated.
            guard let path = unsafe paths.gl_pathv[index] else { continue }
            guard unsafe target(of: path) == "socket:[\(inode)]" else { continue }
            let process = unsafe Int32(String(cString: path).split(separator: "/")[1])
            if expected == nil || process == expected { return process }
            first = first ?? process
        }
        return first
    }

    /// The target of a symbolic link, cut off after 64 bytes: longer than `socket:[INODE]`.
    private static func target(of path: UnsafePointer<CChar>) -> String {
        var bytes = [CChar](repeating: 0, count: 64)
        // Sound: `path` is NUL-terminated, and the kernel writes at most 64 bytes.
        let count = unsafe readlink(path, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
