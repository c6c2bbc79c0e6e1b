// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

/// The control socket while members of its group have as many connections to it as they get.
@Suite struct CrowdedSocketTests {
    private let start = ". \"$scripts/crowd.sh\"\n"

    private func output(_ script: String) throws -> String {
        let child = try Program.script(start + script)
        #expect(child.errors == "")
        #expect(child.status == 0)
        return child.output
    }

    @Test func `a user whose watchers never read leaves room for root, other users and short requests`()
        throws
    {
        let said = try output(
            """
            hold 65534 $'events json\n'
            ask flush; ask reload; ask stats; as 65533 stats; as 65534 stats
            timeout 5 "$pinhole" events --socket "$dir/socket" 2>&1 >/dev/null || true
            as 65534 events
            """
        )
        #expect(
            said == """
                root flush
                root reload
                root stats
                65533 stats
                65534 stats
                pinhole: too many clients of this user watch events: close some of them

                """
        )
    }

    @Test func `a user whose clients send nothing leaves room for root and others`() throws {
        let said = try output(
            """
            hold 65534 ''
            ask flush; ask reload; as 65533 stats; as 65534 stats
            """
        )
        #expect(
            said == """
                root flush
                root reload
                65533 stats
                pinhole: too many clients of this user at the control socket: close some of them

                """
        )
    }

    @Test func `watchers of many users leave room for root, and another user is told that there is none`()
        throws
    {
        let said = try output(
            """
            for user in 65530 65531 65532 65533; do hold $user $'events text\n'; done
            ask flush; ask reload; as 65534 stats
            """
        )
        #expect(
            said == """
                root flush
                root reload
                pinhole: too many clients at the control socket: close some of them

                """
        )
    }

    @Test func `a rejected client gets the reason even before it sends its request`() throws {
        let said = try output(
            """
            hold 0 ''
            for _ in {1..20}; do pinhole reload --socket "$dir/socket" 2>&1 || true; done >"$dir/said"
            uniq -c "$dir/said" | sed 's/^ *//'
            """
        )
        #expect(said == "20 pinhole: too many clients at the control socket: close some of them\n")
    }
}
