// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux

/// The programs under test, as built.
enum Program {
    /// The top of the package.
    static let top = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardized

    /// `pinhole`, which is beside the test bundle.
    static var path: String {
        get throws {
            let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            return URL(filePath: bundle).deletingLastPathComponent().appending(path: "pinhole").path
        }
    }

    /// `pinholed`, which is beside `pinhole`.
    static var daemon: String { get throws { try "\(path)d" } }

    /// Runs `pinhole` with these arguments.
    static func run(_ arguments: String...) throws -> ChildProcess {
        try ChildProcess.run("timeout", limit + [path] + arguments)
    }

    /// What hangs ends after as many seconds: by a signal that a script cleans up after, and 10 seconds later by force.
    static let limit = ["--kill-after=10", "240"]

    /// Runs a bash script in a network namespace of its own; a command that fails ends it.
    ///
    /// In it `pinhole` and `pinholed` are the programs, `dir` is a directory that goes when the script ends, and so do the processes
    /// that it adds to `background`. `iptables` is the one of its two implementations that `tools` says. `prelude.sh` has the
    /// rest.
    static func script(_ text: String, tools: Tools = .nft) throws -> ChildProcess {
        let shell = limit + ["unshare", "-n", "bash", "\(scripts)/prelude.sh"]
        let words = try [path, tools.rawValue, nftWithoutQueue, scripts, text]
        return try ChildProcess.run("timeout", shell + words)
    }

    /// Where the scripts are that tests run; `$scripts` in each of them.
    static let scripts = top.appending(path: "Tests/PinholeTests/Scripts").path

    /// Takes the place of nft where the kernel has no `queue`.
    private static let nftWithoutQueue = top.appending(path: "Tests/PinholeTests/Support/nft-without-queue")
        .path

    enum Tools: String, CaseIterable {
        case nft
        case legacy
    }
}
