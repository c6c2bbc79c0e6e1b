// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Linux
import Testing
@testable import pinholed

/// The state file, and the members of the sets.
extension PinholedTests {
    @Test func `members of the sets without a state are removed at the start`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            ipset add pinhole4 10.1.0.2,tcp:5001,10.2.0.2
            ipset add pinhole6 fd01::2,tcp:5001,fd02::2
            start socket
            ipset save | grep ^add || echo none
            """
        )
        #expect(said == "none\n")
    }

    @Test(arguments: [
        (
            "head -c 4096 /dev/urandom >\"$dir/socket.state\"; chmod 600 \"$dir/socket.state\"",
            "it is damaged"
        ),
        ("touch \"$dir/socket.state\"; chmod 666 \"$dir/socket.state\"", "Operation not permitted"),
        ("touch \"$dir/socket.state\"; chown 4711 \"$dir/socket.state\"", "Operation not permitted"),
        ("mkfifo \"$dir/socket.state\"", "Operation not permitted"),
        ("ln -s /etc/passwd \"$dir/socket.state\"", "Too many levels of symbolic links"),
    ])
    func `an untrusted state file is moved aside unchanged, with a warning`(
        _ making: String,
        _ reason: String
    ) throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            ipset add pinhole4 10.1.0.2,tcp:5001,10.2.0.2
            \(making)
            before=$(stat -c '%i %s %a %u' "$dir/socket.state")
            start socket
            grep -c 'level=warning event=state-not-trusted .*\(reason)' "$dir/socket.log"
            [[ $(stat -c '%i %s %a %u' "$dir/socket.state.aside") == "$before" ]] && echo "as it was"
            stat -c '%F %a' "$dir/socket.state"
            ipset list pinhole4 | grep -c tcp:5001 || true
            end TERM
            """
        )
        #expect(said == "1\nas it was\nregular file 600\n0\n")
    }

    @Test(arguments: ["TERM", "KILL"])
    func `members of the sets stay for the next daemon`(_ signal: String) throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start socket
            ipset add pinhole4 10.1.0.2,tcp:5001,10.2.0.2
            end \(signal) 2>/dev/null || true
            ipset list pinhole4 | grep -c tcp:5001
            start socket --state "$dir/socket.state"
            ipset list pinhole4 | grep -c tcp:5001
            end TERM
            """
        )
        #expect(said == "1\n1\n")
    }

    @Test func `without room for the state the daemon does not start and gives a hint`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            fails pinholed --user root --socket "$dir/made/socket" --state /proc/nowhere/state
            ls "$dir" | grep -v -e bin -e fails || true
            """
        )
        #expect(
            said == """
                pinholed: make /proc/nowhere/state.new: No such file or directory: choose another path with --state (1)

                """
        )
    }
}
