// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
package import Linux

/// The tables of legacy iptables, of whose changes the kernel notifies nobody.
///
/// A look takes a few system calls and starts no program. It shows that rules were added or removed, but not that one took the
/// place of another of the same size.
package struct LegacyTables: ~Copyable {
    private let socket: Descriptor
    private let socket6: Descriptor?

    /// Opens the sockets that the tables are asked through, in the calling thread's network namespace.
    ///
    /// - Throws: The error of `socket`.
    package static func open() throws(SystemError) -> LegacyTables {
        let number = try SystemError.check("open a socket") {
            Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        // A kernel may be without IPv6.
        let number6 = Glibc.socket(AF_INET6, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        return LegacyTables(
            socket: Descriptor(adopting: number),
            socket6: number6 < 0 ? nil : Descriptor(adopting: number6)
        )
    }

    private init(socket: consuming Descriptor, socket6: consuming Descriptor?) {
        self.socket = socket
        self.socket6 = socket6
    }

    /// The figures of the tables with these names: how many entries each has, of how many bytes, and where its chains begin.
    ///
    /// Without legacy tables it is empty. To compare with that of an earlier look.
    package func figures(of tables: [String]) -> [UInt8] {
        var figures = LegacyTables.figures(of: tables, socket, SOL_IP, "/proc/net/ip_tables_names")
        switch socket6 {
        case .some(let socket):
            figures += LegacyTables.figures(of: tables, socket, SOL_IPV6, "/proc/net/ip6_tables_names")
        case nil: break
        }
        return figures
    }

    private static func figures(
        of tables: [String],
        _ socket: borrowing Descriptor,
        _ level: Int32,
        _ path: String
    ) -> [UInt8] {
        // To ask for a table that does not exist would create it.
        let names = (try? TextFile.read(path))?.split(separator: "\n") ?? []
        var figures: [UInt8] = []
        for name in tables where names.contains(name[...]) {
            var answer = [UInt8](repeating: 0, count: size)
            for (index, byte) in name.utf8.prefix(nameSize - 1).enumerated() { answer[index] = byte }
            var length = socklen_t(size)
            // Sound: the kernel reads the name and writes at most `length` bytes, which the array has.
            _ = unsafe getsockopt(socket.number, level, getInfo, &answer, &length)
            figures += answer
        }
        return figures
    }

    /// `IPT_SO_GET_INFO` and `IP6T_SO_GET_INFO`.
    private static let getInfo: Int32 = 64
    /// `XT_TABLE_MAXNAMELEN`.
    private static let nameSize = 32
    /// `sizeof(struct ipt_getinfo)`: a name, and 13 numbers of 32 bits.
    private static let size = nameSize + 13 * 4
}
