// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Linux
import Testing
@testable import pinholed

/// Notifications of the service manager, and the log.
extension PinholedTests {
    @Test func `the service manager is notified of start and stop`() throws {
        let said = try output(
            Self.listen + """
                pinhole rules load --backend iptables
                start socket
                until_ grep -q READY "$dir/told"
                end_last
                until_ grep -q STOPPING "$dir/told"
                cat "$dir/told"
                """
        )
        #expect(
            said == """

                FDSTORE=1
                FDNAME=queue-21
                FDSTORE=1
                FDNAME=queue-20
                READY=1
                STOPPING=1

                """
        )
    }

    /// Writes the notifications for the service manager to `$dir/told`.
    private static let listen = """
        export NOTIFY_SOCKET="@$dir"
        /usr/bin/python3 -B -u "$scripts/manager.py" "$dir" >"$dir/told" & background+=($!)
        until_ test -s "$dir/told"
        # Ends the daemon that was started last.
        end_last() { kill "${background[-1]}"; wait "${background[-1]}" || true; unset 'background[-1]'; }
        signs() { grep -c WATCHDOG=1 "$dir/told" || true; }

        """

    @Test func `a service manager with a watchdog is pinged repeatedly`() throws {
        let said = try output(
            Self.listen + """
                pinhole rules load --backend iptables
                WATCHDOG_USEC=200000 start socket
                more() { (($(signs) >= 5)); }
                until_ more
                end_last
                until_ grep -q STOPPING "$dir/told"
                grep -v FD "$dir/told" | uniq
                """
        )
        #expect(said == "\nREADY=1\nWATCHDOG=1\nSTOPPING=1\n")
    }

    @Test(arguments: ["WATCHDOG_PID=1 WATCHDOG_USEC=1000", "WATCHDOG_USEC=0", "WATCHDOG_USEC=soon", ""])
    func `without a watchdog for this process only start and stop are notified`(_ environment: String)
        throws
    {
        let said = try output(
            Self.listen + """
                pinhole rules load --backend iptables
                \(environment.isEmpty ? "" : "export \(environment)")
                start socket
                end_last
                until_ grep -q STOPPING "$dir/told"
                grep -v FD "$dir/told"
                """
        )
        #expect(said == "\nREADY=1\nSTOPPING=1\n")
    }

    @Test func `a full log pipe does not block the daemon, and lost lines are counted`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            mkfifo "$dir/log"
            exec 3<>"$dir/log"
            # Fills the pipe, so that nothing more can be written to it without waiting.
            dd if=/dev/zero of="$dir/log" bs=4096 count=1000 oflag=nonblock 2>/dev/null || true
            "$pinholed" --user root --socket "$dir/socket" 2>&3 & background+=($!)
            until_ pinhole stats --socket "$dir/socket"
            pinhole stats --socket "$dir/socket" | grep errors.log
            end TERM
            """
        )
        #expect(said == "errors.log                  1\n")
    }

    @Test func `a log without a reader does not block the daemon`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            # The reader of the pipe ends at once.
            exec 3> >(exec true)
            wait $!
            "$pinholed" --user root --socket "$dir/socket" 2>&3 & background+=($!)
            until_ pinhole stats --socket "$dir/socket"
            pinhole stats --socket "$dir/socket" | grep errors.log
            end TERM
            """
        )
        #expect(said == "errors.log                  1\n")
    }

    @Test func `the log has priorities only where the journal reads it`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            touch "$dir/socket.log"
            export JOURNAL_STREAM=$(stat -c %d:%i "$dir/socket.log")
            start socket
            end TERM
            cut -d' ' -f1 "$dir/socket.log"
            export JOURNAL_STREAM=1:1
            start socket
            end TERM
            cut -d' ' -f1 "$dir/socket.log"
            """
        )
        #expect(said == "<6>level=info\n<6>level=info\nlevel=info\nlevel=info\n")
    }
}
