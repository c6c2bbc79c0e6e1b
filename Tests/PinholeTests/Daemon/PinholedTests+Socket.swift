// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Linux
import Testing
@testable import pinholed

/// The control socket of the daemon.
extension PinholedTests {
    @Test func `the socket of a running daemon is not taken over`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start socket
            fails pinholed --socket "$dir/socket" --queues 7,8 | sed "s|$dir|DIR|"
            pinhole flush --socket "$dir/socket"
            """
        )
        #expect(
            said == """
                pinholed: another daemon listens at DIR/socket: stop it, or choose another path with --socket (1)
                closed 0

                """
        )
    }

    @Test func `the socket of a killed daemon is replaced`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start socket
            kill -KILL "${background[0]}"; wait "${background[0]}" 2>/dev/null || true; background=()
            test -S "$dir/socket"
            start socket
            pinhole flush --socket "$dir/socket"
            """
        )
        #expect(said == "closed 0\n")
    }

    @Test func `a file in place of the socket stays`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            echo kept >"$dir/file"
            fails pinholed --socket "$dir/file" | sed "s|$dir|DIR|"
            cat "$dir/file"
            """
        )
        #expect(
            said == """
                pinholed: DIR/file is not a socket: remove it, or choose another path with --socket (1)
                kept

                """
        )
    }

    @Test(arguments: [("TERM", 15), ("INT", 2)])
    func `a signal ends the daemon, and no one answers at its socket`(_ signal: String, _ number: Int)
        throws
    {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start made/socket
            end \(signal)
            fails pinhole stats --socket "$dir/made/socket" | sed "s|$dir|DIR|"
            sed "s|$dir|DIR|" "$dir/made-socket.log"
            """
        )
        #expect(
            said == """
                pinhole: no daemon answers at DIR/made/socket: start it with pinholed (1)
                level=info event=started control-queue=21 data-queue=20 session-queue=22 socket=DIR/made/socket
                level=info event=stopped signal=\(number)

                """
        )
    }

    @Test(arguments: [
        "expectations", "connections", "stats", "events", "delete 1", "flush",
    ])
    func `without a daemon a command says how to start one`(_ command: String) throws {
        let said = try output(
            """
            fails pinhole \(command) --socket "$dir/socket" | sed "s|$dir|DIR|"
            """
        )
        #expect(said == "pinhole: no daemon answers at DIR/socket: start it with pinholed (1)\n")
    }

    @Test func `an unknown expectation cannot be deleted`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start socket
            fails pinhole delete 7 --socket "$dir/socket"
            """
        )
        #expect(said == "pinhole: there is no expectation 7: see pinhole expectations (1)\n")
    }
}
