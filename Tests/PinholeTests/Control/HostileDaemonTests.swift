// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

/// Root sends requests to a socket that an attacker has taken over.
@Suite struct HostileDaemonTests {
    @Test(.timeLimit(.minutes(10)))
    func `for any answer every command ends by itself and prints no control characters`() throws {
        let script = Program.top.appending(path: "Tests/PinholeTests/Support/hostile-daemon").path
        let child = try Program.script(#"python3 -B '\#(script)' "$pinhole" "$dir""#)
        #expect(child.errors == "")
        #expect(child.output.hasPrefix("done "), "\(child.output.prefix(4000))")
        #expect(child.status == 0)
    }
}
