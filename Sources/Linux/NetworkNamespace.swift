// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Network namespaces with a name, as `ip netns` gives them.
package enum NetworkNamespace {
    /// The name of this process's network namespace; `nil` if it has none, like the one that a machine boots with.
    package static var currentName: String? {
        guard let current = FileIdentity(ofFileAt: "/proc/self/ns/net") else { return nil }
        return paths(matching: "/run/netns/*")
            .first { FileIdentity(ofFileAt: $0) == current }
            .flatMap { $0.split(separator: "/").last.map(String.init) }
    }

    /// The paths of files that match a pattern of the shell, in order.
    package static func paths(matching pattern: String) -> [String] {
        var paths = unsafe glob_t()
        // Sound: glob fills in `paths`, and globfree may be called whether it succeeded or not.
        defer { unsafe globfree(&paths) }
        guard unsafe glob(pattern, 0, nil, &paths) == 0 else { return [] }
        return (0..<Int(unsafe paths.gl_pathc)).compactMap { index in
            // Sound: `gl_pathv` has `gl_pathc` paths, each NUL-terminated.
            unsafe paths.gl_pathv[index].map { unsafe String(cString: $0) }
        }
    }
}
