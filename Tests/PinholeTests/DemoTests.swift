// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

struct DemoTests {
    /// Runs a bash script in which `demo` is the demo, and fails if it leaves anything in the directories it uses.
    private func script(_ text: String) throws -> ChildProcess {
        let frame = """
            set -euo pipefail
            demo=$1 pinhole=$2
            export TMPDIR=$(mktemp -d)
            trap 'rm -rf "$TMPDIR"' EXIT
            chmod 755 "$TMPDIR"
            mkdir -p /run/netns
            mount -t tmpfs none /run/netns
            \(text)
            diff <(ls -A "$TMPDIR" /run/netns) <(printf '%s:\\n\\n%s:\\n' /run/netns "$TMPDIR")
            """
        let demo = Program.top.appending(path: "scripts/demo").path
        return try ChildProcess.run("unshare", ["-m", "bash", "-c", frame, "-", demo, Program.path])
    }

    @Test func `after three explained steps every mode fails without Pinhole and works with it`() throws {
        let child = try script(#""$demo" "$pinhole""#)
        #expect(child.status == 0, "\(child.output)\(child.errors)")
        let lines = child.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count { $0.hasPrefix("== ") } >= 3)
        #expect(lines.count <= 100)
        #expect(lines.count { $0.hasSuffix(" PASS") } == 6)
        #expect(!child.output.contains("FAIL"))
    }

    @Test func `the demo fails if Pinhole does nothing`() throws {
        let child = try script(
            #"""
            printf '#!/bin/sh\n' >/run/netns/.fake
            printf '#!/bin/sh\nexec sleep infinity\n' >/run/netns/.faked
            chmod +x /run/netns/.fake*
            ! "$demo" /run/netns/.fake
            rm /run/netns/.fake*
            """#
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
        #expect(child.errors.contains("demo: timed out waiting"))
    }

    @Test(arguments: [("INT", 130), ("TERM", 143)])
    func `a signal ends the demo, and nothing is left behind`(_ signal: String, _ expected: Int) throws {
        let child = try script(
            """
            setsid env --default-signal=INT "$demo" "$pinhole" >"$TMPDIR/said" & demo=$!
            for ((i = 0; i < 500; i++)); do grep -q '^== 1' "$TMPDIR/said" && break; sleep 0.02; done
            kill -\(signal) -- "-$demo"
            status=0
            wait "$demo" || status=$?
            rm "$TMPDIR/said"
            ((status == \(expected))) || { echo "status $status" >&2; false; }
            """
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }
}
