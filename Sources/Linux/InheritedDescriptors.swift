// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// The descriptors that the service manager kept for this process, as in `sd_listen_fds_with_names(3)`.
package struct InheritedDescriptors: ~Copyable {
    /// The names of descriptors 3 (`SD_LISTEN_FDS_START`), 4 and so on; `nil` for those that were taken.
    private var names: [String?]

    private static let first: Int32 = 3

    private init(_ names: [String?]) { self.names = names }

    deinit {
        for (index, name) in names.enumerated() where name != nil { close(Self.first + Int32(index)) }
    }

    /// Takes ownership of the descriptors counted by `LISTEN_FDS`, if `LISTEN_PID` is this process; to be called once.
    package static func inherit() -> InheritedDescriptors {
        guard let process = Environment.value(of: "LISTEN_PID"), Int32(process) == getpid(),
            let count = Environment.value(of: "LISTEN_FDS").flatMap({ Int($0) }), (1...1024).contains(count)
        else { return InheritedDescriptors([]) }
        let given = (Environment.value(of: "LISTEN_FDNAMES") ?? "").split(separator: ":").map(String.init)
        let names = (0..<count).map { $0 < given.count ? given[$0] : "" }
        for index in 0..<count { _ = fcntl(first + Int32(index), F_SETFD, FD_CLOEXEC) }
        return InheritedDescriptors(names)
    }

    /// Passes ownership of the descriptor of that name to the caller; `nil` if there is none.
    package mutating func take(_ name: String) -> Descriptor? {
        guard let index = names.firstIndex(of: name) else { return nil }
        names[index] = nil
        return Descriptor(adopting: Self.first + Int32(index))
    }

    /// The names of the descriptors that were not taken.
    package var rest: [String] { names.compactMap { $0 } }
}
