import CNetfilter
import Glibc
import Linux

/// The process that has a socket open.
///
/// The kernel's lists of sockets have inodes, which lead to descriptors and so to processes. Finding one takes root;
/// there is none to be found if the process is outside the PID namespace of this one.
package struct SocketHolder: Hashable, Sendable {
    package let process: Int32
    /// The name of its program, at most 15 bytes (`/proc/PID/comm`).
    package let name: String

    /// Finds the holder of the nfnetlink socket with this port, in the network namespace of this process.
    ///
    /// The port is a process number for the first netlink socket of a process only, so it is not taken for one. A service
    /// manager that keeps the socket for its service holds it, too: `expected` is found before any other.
    package init?(nfnetlinkPort port: UInt32, expected: Int32? = nil) {
        // Columns: sk, Eth (the protocol), Pid (the port), ...; the inode is the last.
        self.init(listedIn: "/proc/net/netlink", expected) { columns in
            guard columns.count > 3, columns[1] == "\(NETLINK_NETFILTER)", columns[2] == "\(port)" else {
                return nil
            }
            return columns.last
        }
    }

    /// Finds the holder of the listening socket at this path, in the network namespace of this process.
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

    /// The process that is expected, if it has the socket, else the first that has.
    private static func process(withSocket inode: Substring, _ expected: Int32?) -> Int32? {
        var first: Int32?
        var paths = unsafe glob_t()
        // Sound: `paths` is filled in by the first call, and freed by the last whatever became of it.
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

    /// Where a symbolic link leads, cut off after 64 bytes: more than a socket's name has.
    private static func target(of path: UnsafePointer<CChar>) -> String {
        var bytes = [CChar](repeating: 0, count: 64)
        // Sound: `path` is NUL-terminated, and the kernel writes at most 64 bytes.
        let count = unsafe readlink(path, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
