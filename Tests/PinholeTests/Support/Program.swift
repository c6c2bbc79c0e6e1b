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
        try ChildProcess.run(path, arguments)
    }

    /// Runs a bash script in a network namespace of its own; a command that fails ends it.
    ///
    /// In it `pinhole` and `pinholed` are the programs, `dir` is a directory that goes when the script ends, and so do the processes
    /// that it adds to `background`. `iptables` is the one of its two implementations that `tools` says.
    static func script(_ text: String, tools: Tools = .nft) throws -> ChildProcess {
        let prelude = """
            set -euo pipefail
            trap 'exit 1' TERM
            pinhole=$1 tools=$2 pinholed=${1}d
            pinhole() { "$pinhole" "$@"; }
            pinholed() { "$pinholed" "$@"; }
            dir=$(mktemp -d /tmp/pinhole-test.XXXXXXXX)
            background=()
            cleanup() {
                ((${#background[@]} == 0)) || { kill "${background[@]}" || true; wait "${background[@]}" || true; }
                rm -rf "$dir"
            }
            trap cleanup EXIT
            mkdir "$dir/bin"
            for name in iptables ip6tables; do
                for action in '' -save -restore; do
                    ln -s "$(command -v "xtables-$tools-multi")" "$dir/bin/$name$action"
                done
            done
            if ! nft --check --file - 2>"$dir/errors" <<<'table inet t { chain c { queue num 1; }; }'; then
                grep -q 'No such file' "$dir/errors"
                ln -s "$3" "$dir/bin/nft"
            fi
            rm "$dir/errors"
            PATH=$dir/bin:$PATH
            # Rules and sets, without what differs from time to time.
            state() { iptables-save; ip6tables-save; ipset save; }
            state_of_rules() { state | sed '/^#/d; s/ initval [^ ]*//; s/\\[[0-9:]*\\]//'; }
            # Waits until the command succeeds, at most a minute: other tests run beside this one.
            until_() {
                local end=$((SECONDS + 60))
                until "$@" >/dev/null 2>&1; do
                    ((SECONDS < end)) || { echo "in vain: $*" >&2; return 1; }
                    sleep 0.02
                done
            }

            """
        return try ChildProcess.run(
            "unshare",
            ["-n", "bash", "-c", prelude + text, "-", path, tools.rawValue, nftWithoutQueue]
        )
    }

    /// Takes the place of nft where the kernel has no `queue`.
    private static let nftWithoutQueue = top.appending(path: "Tests/PinholeTests/Support/nft-without-queue")
        .path

    enum Tools: String, CaseIterable {
        case nft
        case legacy
    }
}
